// Writes a planned answer as an Anthropic message, whole or as the events of a stream.
import type { AnswerPlan, PlannedUsage } from '../answer-plan.ts'
import { splitArguments, splitDeltas } from '../deltas.ts'
import { isObject, type JsonObject, parseJson } from '../json.ts'
import { signThinking } from './signature.ts'

const STOP_REASONS: Readonly<Record<string, string>> = {
  end: 'end_turn',
  length: 'max_tokens',
  'tool-use': 'tool_use',
  'stop-sequence': 'stop_sequence',
  'content-filter': 'refusal',
  pause: 'pause_turn',
}

interface Block {
  readonly whole: JsonObject
  /** The block as its start event shows it. */
  readonly start: JsonObject
  readonly deltas: readonly JsonObject[]
}

export function writeWhole(plan: AnswerPlan): JsonObject {
  return {
    ...writeShell(plan),
    content: blocksOf(plan).map((block) => block.whole),
    ...writeStop(plan),
    ...(plan.usage === undefined ? {} : { usage: { ...writeInputUsage(plan.usage), ...writeOutputUsage(plan.usage) } }),
  }
}

export function writeEvents(plan: AnswerPlan): readonly string[] {
  const opening = plan.usage === undefined ? {} : { usage: { ...writeInputUsage(plan.usage), output_tokens: 1 } }
  const closing =
    plan.usage === undefined ? {} : { usage: { ...writeCumulative(plan.usage), ...writeOutputUsage(plan.usage) } }
  return [
    event('message_start', {
      message: { ...writeShell(plan), content: [], stop_reason: null, stop_sequence: null, ...opening },
    }),
    event('ping', {}),
    ...blocksOf(plan).flatMap((block, index) => [
      event('content_block_start', { index, content_block: block.start }),
      ...block.deltas.map((delta) => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]),
    event('message_delta', { delta: writeStop(plan), ...closing }),
    event('message_stop', {}),
  ]
}

export function event(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function writeShell(plan: AnswerPlan): JsonObject {
  return { id: `msg_sim_${plan.serial}`, type: 'message', role: 'assistant', model: plan.model }
}

function writeStop(plan: AnswerPlan): JsonObject {
  return { stop_reason: STOP_REASONS[plan.stop] ?? plan.stop, stop_sequence: plan.stopSequence ?? null }
}

function blocksOf(plan: AnswerPlan): readonly Block[] {
  const text = plan.refusal ?? plan.text
  const saysText = text !== '' || (plan.toolCalls.length === 0 && plan.refusal === undefined)
  return [
    ...(plan.redactedReasoning === undefined ? [] : [redactedBlock(plan.redactedReasoning)]),
    ...(plan.reasoning === undefined ? [] : [thinkingBlock(plan.reasoning, plan.chunkSize)]),
    ...(saysText ? [textBlock(text, plan.chunkSize)] : []),
    ...plan.toolCalls.map((call, index) =>
      toolBlock(call.id ?? `toolu_sim_${plan.serial}_${index}`, call.name, call.argsJson, plan.chunkSize),
    ),
  ]
}

function textBlock(text: string, chunkSize: number | undefined): Block {
  return {
    whole: { type: 'text', text },
    start: { type: 'text', text: '' },
    deltas: splitDeltas(text, chunkSize).map((piece) => ({ type: 'text_delta', text: piece })),
  }
}

function thinkingBlock(thinking: string, chunkSize: number | undefined): Block {
  const signature = signThinking(thinking)
  const deltas = splitDeltas(thinking, chunkSize).map((piece) => ({ type: 'thinking_delta', thinking: piece }))
  return {
    whole: { type: 'thinking', thinking, signature },
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...deltas, { type: 'signature_delta', signature }],
  }
}

function redactedBlock(data: string): Block {
  const whole = { type: 'redacted_thinking', data }
  return { whole, start: whole, deltas: [] }
}

function toolBlock(id: string, name: string, argsJson: string, chunkSize: number | undefined): Block {
  const parsed = parseJson(argsJson)
  const head = { type: 'tool_use', id, name }
  return {
    whole: { ...head, input: parsed.ok && isObject(parsed.value) ? parsed.value : {} },
    start: { ...head, input: {} },
    deltas: ['', ...splitArguments(argsJson, chunkSize)].map((piece) => ({
      type: 'input_json_delta',
      partial_json: piece,
    })),
  }
}

function writeCumulative(usage: PlannedUsage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
  }
}

function writeInputUsage(usage: PlannedUsage): JsonObject {
  return {
    ...writeCumulative(usage),
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens - usage.cacheWriteHourTokens,
      ephemeral_1h_input_tokens: usage.cacheWriteHourTokens,
    },
    service_tier: 'standard',
  }
}

function writeOutputUsage(usage: PlannedUsage): JsonObject {
  // Anthropic's output_tokens include the thinking.
  return { output_tokens: usage.outputTokens + usage.reasoningTokens }
}
