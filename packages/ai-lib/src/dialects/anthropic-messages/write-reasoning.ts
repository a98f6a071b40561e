// Writes how much a model should think: `thinking` with a budget, or `output_config.effort`.
//
// An effort becomes `output_config.effort`, which does not turn thinking on where a model has it off: sending
// `thinking: adaptive` along would be refused by models that know effort but not adaptive thinking. Where a provider
// knows no effort (quirk `reasoningEffort: false`) it becomes a budget, on the ledger.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { ReasoningRequest } from '../../chat/request.ts'
import type { Quirks } from '../dialect.ts'

/** A budget must have at least so many tokens, and fewer than `max_tokens`. */
const leastBudget = 1_024

const efforts: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max'])
const budgetOfEffort: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 4_096],
  ['high', 16_384],
  ['xhigh', 32_768],
  ['max', 32_768],
])

export interface WrittenReasoning {
  readonly thinking?: JsonObject
  readonly effort?: string
}

export function writeReasoning(
  reasoning: ReasoningRequest | undefined,
  maxTokens: number,
  quirks: Quirks,
  ledger: Ledger,
): WrittenReasoning {
  if (reasoning === undefined) return {}
  const { effort, budgetTokens, enabled } = reasoning
  if (enabled === false || effort === 'none') return { thinking: { type: 'disabled' } }
  const thinking = budgetTokens === undefined ? undefined : budget(budgetTokens, maxTokens, 'reasoning', ledger)
  const adaptive = enabled === true && budgetTokens === undefined ? { type: 'adaptive' } : undefined
  return {
    ...(thinking === undefined ? {} : { thinking }),
    ...(adaptive === undefined ? {} : { thinking: adaptive }),
    ...(effort === undefined ? {} : writeEffort(effort, thinking !== undefined, maxTokens, quirks, ledger)),
  }
}

function writeEffort(
  effort: string,
  hasBudget: boolean,
  maxTokens: number,
  quirks: Quirks,
  ledger: Ledger,
): WrittenReasoning {
  const path = 'reasoning_effort'
  const tokens = budgetOfEffort.get(effort)
  if (tokens === undefined) {
    ledger.dropped(path, `There is no effort "${effort}".`)
    return {}
  }
  if (quirks.reasoningEffort === false) {
    if (hasBudget) return {}
    ledger.changed(path, 'This provider takes a budget of thinking tokens instead.')
    const thinking = budget(tokens, maxTokens, path, ledger)
    return thinking === undefined ? {} : { thinking }
  }
  if (efforts.has(effort)) return { effort }
  ledger.changed(path, `"${effort}" is sent as "low".`)
  return { effort: 'low' }
}

function budget(wish: number, maxTokens: number, path: string, ledger: Ledger): JsonObject | undefined {
  if (maxTokens <= leastBudget) {
    ledger.dropped(path, `Thinking needs more than ${leastBudget} output tokens.`)
    return undefined
  }
  const tokens = Math.max(leastBudget, Math.min(wish, maxTokens - 1))
  if (tokens !== wish) ledger.changed(path, `The budget is ${tokens}: at least ${leastBudget} and below max_tokens.`)
  return { type: 'enabled', budget_tokens: tokens }
}
