// Writes a canonical request as a Messages request.
import type { JsonObject } from '../../bytes/json-value.ts'
import { Ledger } from '../../chat/losses.ts'
import type { ChatRequest, OutputFormat } from '../../chat/request.ts'
import type { Quirks, WriteTarget, Written } from '../dialect.ts'
import { memberTexts, objectText, textOf } from './json-text.ts'
import { unsealed } from './seal.ts'
import { writeMessages } from './write-messages.ts'
import { writeReasoning } from './write-reasoning.ts'
import { writeTools, writeToolChoice } from './write-tools.ts'

/** Sent where neither the client nor the catalogue names an output limit: every model allows it. */
const defaultMaxTokens = 4_096

export function writeRequest(request: ChatRequest, target: WriteTarget): Written {
  const ledger = new Ledger()
  const maxTokens = maxTokensOf(request, target, ledger)
  const reasoning = writeReasoning(request.reasoning, maxTokens, target.quirks, ledger)
  const { system, messages } = writeMessages(request.messages, ledger)
  const tools = writeTools(request.tools, ledger)
  const text = objectText({
    // First, so that nothing unknown can stand for a field that was translated.
    ...memberTexts(writeRest(request, ledger)),
    model: JSON.stringify(target.model),
    max_tokens: String(maxTokens),
    ...memberTexts(writeSampling(request, reasoning.thinking, ledger)),
    ...memberTexts(writeCaller(request, ledger)),
    ...memberTexts(reasoning.thinking === undefined ? {} : { thinking: reasoning.thinking }),
    output_config: outputConfig(request.output, reasoning.effort, target.quirks, ledger),
    tools,
    tool_choice: writeToolChoice(request, tools !== undefined, target.quirks, ledger),
    system,
    messages,
    stream: request.stream ? 'true' : undefined,
  })
  return { body: Buffer.from(text), losses: ledger.losses }
}

function maxTokensOf(request: ChatRequest, target: WriteTarget, ledger: Ledger): number {
  if (request.maxOutputTokens !== undefined) return request.maxOutputTokens
  const tokens = target.maxOutputTokens ?? defaultMaxTokens
  ledger.added('max_tokens', `Required by this provider; sent as ${tokens}.`)
  return tokens
}

function writeSampling(request: ChatRequest, thinking: JsonObject | undefined, ledger: Ledger): JsonObject {
  const isThinking = thinking?.['type'] === 'enabled'
  const temperature = temperatureOf(request.temperature, isThinking, ledger)
  if (isThinking && request.topK !== undefined) ledger.dropped('top_k', 'Not accepted together with a thinking budget.')
  const stop = request.stop.filter((word) => word.trim() !== '')
  if (stop.length < request.stop.length) ledger.dropped('stop', 'Stop sequences of white space are not accepted.')
  // Newer models refuse temperature and top_p together. A top_p of 1 cuts nothing off and is what SDKs send by default:
  // leaving it out changes no answer, so it is no loss and not on the ledger.
  const isIdle = temperature !== undefined && request.topP === 1
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(request.topP === undefined || isIdle ? {} : { top_p: request.topP }),
    ...(request.topK === undefined || isThinking ? {} : { top_k: request.topK }),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
  }
}

function temperatureOf(temperature: number | undefined, isThinking: boolean, ledger: Ledger): number | undefined {
  if (temperature === undefined) return undefined
  if (isThinking && temperature !== 1) {
    ledger.dropped('temperature', 'Not accepted together with a thinking budget.')
    return undefined
  }
  if (temperature <= 1) return temperature
  ledger.changed('temperature', 'The highest temperature is 1.')
  return 1
}

function writeCaller(request: ChatRequest, ledger: Ledger): JsonObject {
  return {
    ...(request.user === undefined ? {} : { metadata: { user_id: request.user } }),
    ...serviceTier(request.serviceTier, ledger),
  }
}

function serviceTier(tier: string | undefined, ledger: Ledger): JsonObject {
  switch (tier) {
    case undefined:
      return {}
    case 'auto':
    case 'standard_only':
      return { service_tier: tier }
    case 'default':
      return { service_tier: 'standard_only' }
    default:
      ledger.dropped('service_tier', `There is no service tier "${tier}".`)
      return {}
  }
}

function outputConfig(
  output: OutputFormat | undefined,
  effort: string | undefined,
  quirks: Quirks,
  ledger: Ledger,
): string | undefined {
  const format = formatOf(output, quirks, ledger)
  if (format === undefined && effort === undefined) return undefined
  return objectText({ effort: textOf(effort), format: textOf(format) })
}

// Schemas are always enforced here, so `strict` needs no place; a schema's name is only a label.
function formatOf(output: OutputFormat | undefined, quirks: Quirks, ledger: Ledger): JsonObject | undefined {
  if (output === undefined || output.type === 'text') return undefined
  if (output.type === 'json') {
    ledger.changed('response_format', 'There is no JSON mode without a schema: the answer is not forced to be JSON.')
    return undefined
  }
  if (quirks.jsonSchema === false) {
    ledger.changed('response_format', 'This provider takes no schema: the answer is not forced to follow it.')
    return undefined
  }
  if (output.description !== undefined)
    ledger.dropped('response_format.json_schema.description', 'A schema has no description of its own.')
  return { type: 'json_schema', schema: output.schema }
}

function writeRest({ rest }: ChatRequest, ledger: Ledger): JsonObject {
  if (rest === undefined) return {}
  const fields = unsealed(rest)
  // Paths with dots name nested fields of our own reader's leftovers; only top-level ones can be written back.
  const kept = Object.entries(fields ?? {}).filter(([key]) => !key.includes('.'))
  const lost = fields === undefined ? foreignFields(rest.json) : Object.keys(fields).filter((key) => key.includes('.'))
  for (const key of lost) ledger.dropped(key, 'There is no such field.')
  return Object.fromEntries(kept)
}

function foreignFields(json: string): readonly string[] {
  return Object.keys(unsealed({ dialect: 'anthropic-messages', json }) ?? {})
}
