// A canonical request as a chat completions body, bent to the target's quirks, with a ledger of what bent.
import { isObject, tryParseJson, type JsonObject } from '../../bytes/json-value.ts'
import { Ledger } from '../../chat/losses.ts'
import type { ChatRequest, OutputFormat } from '../../chat/request.ts'
import type { WriteTarget, Written } from '../dialect.ts'
import type { RequestInk } from './write-content.ts'
import { writeMessages } from './write-message.ts'
import { writeTools } from './write-tools.ts'

export function writeRequest(request: ChatRequest, target: WriteTarget): Written {
  const ledger = new Ledger()
  const { quirks } = target
  const ink: RequestInk = { ledger, marks: quirks.cacheControl === true }
  const rest = writeRest(request, ledger)
  const body: JsonObject = {
    model: target.model,
    messages: writeMessages(request.messages, quirks, ink),
    ...writeTools(request, rest['tool_choice'] !== undefined, quirks, ink),
    ...writeOutput(request.output, target, ledger),
    ...writeLimit(request, target, ledger),
    ...writeSampling(request, ledger),
    ...writeReasoning(request, target, ledger),
    ...(request.user === undefined ? {} : { user: request.user }),
    ...writeTier(request, ledger),
    ...writeStream(request, target, rest, ledger),
  }
  return { body: Buffer.from(JSON.stringify(body)), losses: ledger.losses }
}

/** A translated answer has one choice, and events have no room for token probabilities. */
const unreadable: ReadonlySet<string> = new Set(['n', 'logprobs', 'top_logprobs'])

function writeRest(request: ChatRequest, ledger: Ledger): JsonObject {
  if (request.rest === undefined) return {}
  const { dialect, json } = request.rest
  const fields = tryParseJson(json)
  if (!isObject(fields)) return {}
  const kept: [string, JsonObject[string]][] = []
  for (const [key, value] of Object.entries(fields)) {
    if (dialect !== 'openai-chat') ledger.dropped(key, `Only ${dialect} knows this field.`)
    else if (unreadable.has(key)) ledger.dropped(key, 'A translated answer cannot carry it.')
    else kept.push([key, value])
  }
  return Object.fromEntries(kept)
}

function writeOutput(output: OutputFormat | undefined, target: WriteTarget, ledger: Ledger): JsonObject {
  if (output === undefined || output.type === 'text') return {}
  if (output.type === 'json') return { response_format: { type: 'json_object' } }
  if (target.quirks.jsonSchema === false) {
    ledger.changed('response_format', 'The target takes no JSON schema: it is only asked for JSON.')
    return { response_format: { type: 'json_object' } }
  }
  const { type: _type, ...json_schema } = output
  return { response_format: { type: 'json_schema', json_schema } }
}

function writeLimit(request: ChatRequest, target: WriteTarget, ledger: Ledger): JsonObject {
  const asked = request.maxOutputTokens
  if (asked === undefined) return {}
  const most = target.maxOutputTokens ?? asked
  if (asked > most) ledger.changed('max_tokens', `The model gives at most ${most} tokens.`)
  return { [target.quirks.maxTokensField ?? 'max_tokens']: Math.min(asked, most) }
}

function writeSampling(request: ChatRequest, ledger: Ledger): JsonObject {
  if (request.topK !== undefined) ledger.dropped('top_k', 'OpenAI has no top_k.')
  return {
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.topP === undefined ? {} : { top_p: request.topP }),
    ...(request.stop.length === 0 ? {} : { stop: request.stop }),
  }
}

/**
 * Effort goes as it is. A budget of thinking tokens becomes an effort: up to 2,048 low, up to 8,192 medium, else high.
 * Switching reasoning on or off has no field that every model takes: it is left to the model.
 */
function writeReasoning(request: ChatRequest, target: WriteTarget, ledger: Ledger): JsonObject {
  const asked = request.reasoning
  if (asked === undefined) return {}
  if (target.quirks.reasoningEffort === false) {
    ledger.dropped('reasoning', 'The target takes no reasoning effort.')
    return {}
  }
  if (asked.effort !== undefined) {
    if (asked.budgetTokens !== undefined) ledger.dropped('reasoning.budget_tokens', 'The effort stands for it.')
    return { reasoning_effort: asked.effort }
  }
  const budget = asked.enabled === false ? undefined : asked.budgetTokens
  if (budget === undefined) {
    ledger.changed('reasoning', 'The model decides by itself whether it reasons.')
    return {}
  }
  const effort = budget <= 2048 ? 'low' : budget <= 8192 ? 'medium' : 'high'
  ledger.changed('reasoning.budget_tokens', `A budget of ${budget} tokens becomes the effort ${effort}.`)
  return { reasoning_effort: effort }
}

function writeTier(request: ChatRequest, ledger: Ledger): JsonObject {
  if (request.serviceTier === undefined) return {}
  // Anthropic's word for not using priority capacity.
  if (request.serviceTier !== 'standard_only') return { service_tier: request.serviceTier }
  ledger.changed('service_tier', 'standard_only becomes default.')
  return { service_tier: 'default' }
}

// Usage is asked for whether or not the client did: metering needs it, and the writer keeps it from who did not ask.
function writeStream(request: ChatRequest, target: WriteTarget, rest: JsonObject, ledger: Ledger): JsonObject {
  if (!request.stream) return rest
  const { stream_options: own, ...others } = rest
  if (target.quirks.streamUsage === 'always' || target.quirks.streamUsage === 'never') {
    if (own !== undefined) ledger.dropped('stream_options', 'The target takes no stream options.')
    return { ...others, stream: true }
  }
  return { ...others, stream: true, stream_options: { ...(isObject(own) ? own : {}), include_usage: true } }
}
