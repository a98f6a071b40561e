// Property: what this dialect can say, it reads back as it was written.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { parseJsonObject } from '../../bytes/json-value.ts'
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents } from '../../chat/fold-events.ts'
import { type Part, toolCallId } from '../../chat/parts.ts'
import type { ChatMessage, ChatRequest, Tool } from '../../chat/request.ts'
import { createReader } from './read-answer.ts'
import { readRequest } from './read-request.ts'
import { createWriter } from './write-answer.ts'
import { writeRequest } from './write-request.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.trim() !== '')
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/).map(toolCallId)
// Of a body's own fields `__proto__` alone is left out, on purpose.
const isKept = (value: string): boolean => !value.includes('__proto__')
const json = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => JSON.stringify(value))
  .filter(isKept)
const cache = fc.option(
  fc.constantFrom({ cache: {} }, { cache: { ttl: '5m' as const } }, { cache: { ttl: '1h' as const } }),
  { nil: {} },
)
const signature = text.map((value) => ({
  dialect: 'anthropic-messages' as const,
  json: JSON.stringify({ type: 'thinking', signature: value }),
}))

const textPart = fc.tuple(text, cache).map(([value, mark]): Part => ({ type: 'text', text: value, ...mark }))
const imagePart = fc
  .base64String()
  .map((data): Part => ({ type: 'media', mediaType: 'image/png', source: { kind: 'base64', data } }))
const documentPart = fc.tuple(text, cache).map(
  ([value, mark]): Part => ({
    type: 'media',
    mediaType: 'text/plain',
    source: { kind: 'text', text: value },
    name: value,
    ...mark,
  }),
)
const seen = fc.oneof(textPart, imagePart, documentPart)
const resultPart = fc
  .tuple(id, fc.array(seen, { maxLength: 3 }), fc.boolean(), cache)
  .map(([callId, parts, isError, mark]): Part => ({ type: 'tool-result', callId, parts, isError, ...mark }))
const callPart = fc
  .tuple(id, text, json)
  .map(([callId, name, argsJson]): Part => ({ type: 'tool-call', callId, name, argsJson }))
const thoughtPart = fc
  .tuple(fc.string(), signature)
  .map(([value, seal]): Part => ({ type: 'reasoning', text: value, seal }))
const opaquePart = text.map(
  (value): Part => ({
    type: 'opaque',
    opaque: { dialect: 'anthropic-messages', json: JSON.stringify({ type: 'mcp_tool_use', name: value }) },
  }),
)

const userTurn = fc
  .tuple(fc.array(resultPart, { maxLength: 2 }), fc.array(seen, { minLength: 1, maxLength: 3 }))
  .map(([results, parts]): ChatMessage => ({ role: 'user', parts: [...results, ...parts] }))
const assistantParts = fc.array(fc.oneof(textPart, callPart, thoughtPart, opaquePart), { minLength: 1, maxLength: 4 })
const assistantTurn = assistantParts.map((parts): ChatMessage => ({ role: 'assistant', parts }))
const systemTurn = fc
  .array(textPart, { minLength: 1, maxLength: 2 })
  .map((parts): ChatMessage => ({ role: 'system', parts }))
const messages = fc
  .tuple(fc.option(systemTurn), fc.array(fc.tuple(userTurn, assistantTurn), { minLength: 1, maxLength: 3 }))
  .map(([system, turns]) => [...(system === null ? [] : [system]), ...turns.flat()])

const tool = fc.tuple(text.filter(isKept), fc.option(text), fc.option(fc.boolean()), cache).map(
  ([name, description, strict, mark]): Tool => ({
    type: 'function',
    name,
    schema: { type: 'object', properties: { [name]: { type: 'string' } } },
    ...(description === null ? {} : { description }),
    ...(strict === null ? {} : { strict }),
    ...mark,
  }),
)

const settings: fc.Arbitrary<Partial<ChatRequest>> = fc.record(
  {
    temperature: fc.double({ min: 0, max: 1, noNaN: true }).filter((value) => !Object.is(value, -0)),
    topK: fc.nat(),
    user: text,
    serviceTier: fc.constantFrom('auto', 'standard_only'),
    reasoning: fc.constantFrom(
      { enabled: false },
      { enabled: true },
      { effort: 'low' },
      { enabled: true, effort: 'max' },
    ),
    output: fc.constant({ type: 'json-schema' as const, name: 'output', schema: { type: 'object' } }),
  },
  { requiredKeys: [] },
)

const request: fc.Arbitrary<ChatRequest> = fc
  .tuple(
    messages,
    fc.array(tool, { minLength: 1, maxLength: 2 }),
    settings,
    fc.boolean(),
    fc.array(text, { maxLength: 2 }),
  )
  .map(([list, tools, set, stream, stop]) => ({
    ...set,
    model: 'm',
    messages: list,
    tools,
    toolChoice: { type: 'auto' as const },
    stop,
    stream,
    streamUsage: true,
    maxOutputTokens: 4_000,
  }))

describe('a request', () => {
  it('comes back as it was written, without losses', () => {
    fc.assert(
      fc.property(request, (given) => {
        const { body, losses } = writeRequest(given, { model: 'm', quirks: {} })
        expect(losses).toEqual([])
        expect(readRequest(body)).toEqual(given)
      }),
    )
  })

  it('is valid JSON with sound roles whatever the canonical form holds', () => {
    const anything = fc.array(
      fc.record({
        role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
        parts: fc.array(fc.oneof(seen, resultPart, callPart, thoughtPart, opaquePart, wildCall), { maxLength: 4 }),
      }),
    )
    fc.assert(
      fc.property(anything, request, (list, given) => {
        const { body } = writeRequest({ ...given, messages: list }, { model: 'm', quirks: {} })
        const again = readRequest(body)
        expect(parseJsonObject(body)['model']).toBe('m')
        for (const [index, message] of again.messages.entries())
          expect(message.role).not.toBe(again.messages[index + 1]?.role)
      }),
    )
  })
})

const wildCall = fc
  .tuple(fc.string(), fc.string())
  .map(([callId, argsJson]): Part => ({ type: 'tool-call', callId: toolCallId(callId), name: 'n', argsJson }))

type AnswerPart = Extract<Part, { type: 'text' | 'tool-call' | 'reasoning' | 'opaque' }>

const answerPart: fc.Arbitrary<AnswerPart> = fc.oneof(
  text.map((value): AnswerPart => ({ type: 'text', text: value })),
  fc
    .tuple(id, text, json)
    .map(([callId, name, argsJson]): AnswerPart => ({ type: 'tool-call', callId, name, argsJson })),
  fc.tuple(text, signature).map(([value, seal]): AnswerPart => ({ type: 'reasoning', text: value, seal })),
  text.map(
    (value): AnswerPart => ({
      type: 'opaque',
      opaque: { dialect: 'anthropic-messages', json: JSON.stringify({ type: 'mcp_tool_use', name: value }) },
    }),
  ),
)

function eventsOf(part: AnswerPart, index: number, size: number): readonly ChatEvent[] {
  if (part.type === 'opaque') return [{ type: 'opaque', opaque: part.opaque }]
  const whole = part.type === 'tool-call' ? part.argsJson : part.text
  const deltas: ChatEvent[] = []
  for (let at = 0; at < whole.length; at += size)
    deltas.push({ type: 'part-delta', index, text: whole.slice(at, at + size) })
  const head =
    part.type === 'tool-call' ? { type: part.type, callId: part.callId, name: part.name } : { type: part.type }
  const seal = part.type === 'reasoning' && part.seal !== undefined ? { seal: part.seal } : {}
  return [{ type: 'part-start', index, head }, ...deltas, { type: 'part-end', index, ...seal }]
}

describe('an answer', () => {
  it('comes back as it was written, however its parts overlap', () => {
    const answer = fc.tuple(
      fc.array(answerPart, { maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.nat(), { minLength: 20, maxLength: 40 }),
    )
    fc.assert(
      fc.property(answer, ([parts, size, picks]) => {
        const events: ChatEvent[] = [
          { type: 'message-start', id: 'msg_1', model: 'm' },
          ...interleaved(
            parts.map((part, index) => eventsOf(part, index, size)),
            picks,
          ),
          { type: 'message-end', stop: 'max-tokens', rawStop: 'max_tokens' },
        ]
        const reader = createReader()
        const writer = createWriter()
        const again: ChatEvent[] = []
        const decoder = new SseDecoder()
        for (const event of events)
          decoder.push(writer.writeEvents([event]), (frame) => again.push(...reader.readEvent(frame)))
        expect(partsOf(again)).toEqual(partsOf(events))
        expect(partsOf(createReader().readWhole(createWriter().writeWhole(events)))).toEqual(partsOf(events))
      }),
    )
  })
})

// Starts stay in their order, as indices rise; everything else of different parts may mix. Every step takes one event.
function interleaved(lists: readonly (readonly ChatEvent[])[], picks: readonly number[]): readonly ChatEvent[] {
  const waiting = lists.map((list) => [...list])
  const open: ChatEvent[][] = []
  const mixed: ChatEvent[] = []
  for (let step = 0; waiting.length + open.length > 0; step++) {
    const pick = (picks[step % picks.length] ?? 0) % (open.length + Math.min(waiting.length, 1))
    const at = pick < open.length ? pick : open.push(...waiting.splice(0, 1)) - 1
    mixed.push(...(open[at]?.splice(0, 1) ?? []))
    if (open[at]?.length === 0) open.splice(at, 1)
  }
  return mixed
}

function partsOf(events: readonly ChatEvent[]) {
  const folded = foldEvents(events)
  return folded.kind === 'whole' ? folded.message.parts : folded.failure
}
