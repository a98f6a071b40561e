// `GET /v1/models`: what this caller may use, in the form of the SDK that asks.
import { pricesAt } from 'ai-lib/internal/catalog/prices'
import type { Caller } from '../exchange/exchange.ts'
import type { ListedModel } from '../exchange/route.ts'

/** Anthropic's SDK sends its version header on every call; everybody else gets OpenAI's form. */
export type ListForm = 'openai' | 'anthropic'

export function modelsBody(models: readonly ListedModel[], caller: Caller, form: ListForm): string {
  const visible = models.filter(({ id }) => mayUse(caller, id))
  const data = visible.map((model) => modelObject(model, form))
  if (form === 'openai') return JSON.stringify({ object: 'list', data })
  return JSON.stringify({
    data,
    has_more: false,
    first_id: visible[0]?.id ?? null,
    last_id: visible.at(-1)?.id ?? null,
  })
}

export function modelBody(
  models: readonly ListedModel[],
  id: string,
  caller: Caller,
  form: ListForm,
): string | undefined {
  const found = models.find((model) => model.id === id && mayUse(caller, id))
  return found && JSON.stringify(modelObject(found, form))
}

function mayUse(caller: Caller, id: string): boolean {
  return caller.models === undefined || caller.models.has(id)
}

function modelObject({ id, provider, facts }: ListedModel, form: ListForm): Record<string, unknown> {
  const known = {
    ...(facts?.contextWindow === undefined ? {} : { context_window: facts.contextWindow }),
    ...(facts?.maxOutputTokens === undefined ? {} : { max_output_tokens: facts.maxOutputTokens }),
    ...priceOf(facts, Date.now()),
  }
  if (form === 'anthropic') return { type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z', ...known }
  return { id, object: 'model', created: 0, owned_by: provider, ...known }
}

// Micro-USD are integers; six decimals of a dollar per million tokens hold them exactly.
function priceOf(facts: ListedModel['facts'], nowMs: number): Record<string, unknown> {
  const rates = facts && pricesAt(facts, nowMs)?.rates
  if (!rates) return {}
  const usd = (micro: bigint | undefined): number | undefined => (micro === undefined ? undefined : Number(micro) / 1e6)
  return {
    pricing: {
      unit: 'usd_per_million_tokens',
      input: usd(rates.inputMicroUsdPerMillion),
      cache_read: usd(rates.cacheReadMicroUsdPerMillion),
      output: usd(rates.outputMicroUsdPerMillion),
    },
  }
}
