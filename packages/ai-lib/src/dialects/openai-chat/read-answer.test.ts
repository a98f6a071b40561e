import { expect, test } from 'vitest'
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents } from '../../chat/fold-events.ts'
import { createReader } from './read-answer.ts'
import { chunk, readStream, stream } from './streams.test.kit.ts'

function partsOf(events: readonly ChatEvent[]) {
  const folded = foldEvents(events)
  return folded.kind === 'whole' ? folded.message.parts : folded
}

const streamed = (...deltas: unknown[]) => readStream(stream(...deltas.map((delta) => chunk(delta)), chunk({}, 'stop')))
const streamedParts = (...deltas: unknown[]) => partsOf(streamed(...deltas))

const call = (more: Record<string, unknown>, body: Record<string, unknown>) => ({
  tool_calls: [{ ...more, function: body }],
})

test('parallel tool calls with interleaved arguments come apart by index', () => {
  expect(
    streamedParts(
      call({ index: 0, id: 'a' }, { name: 'f', arguments: '' }),
      call({ index: 1, id: 'b' }, { name: 'g', arguments: '{' }),
      call({ index: 0 }, { arguments: '{"x"' }),
      call({ index: 1 }, { arguments: '}' }),
      call({ index: 0 }, { arguments: ':1}' }),
    ),
  ).toEqual([
    { type: 'tool-call', callId: 'a', name: 'f', argsJson: '{"x":1}' },
    { type: 'tool-call', callId: 'b', name: 'g', argsJson: '{}' },
  ])
})

test('repeated names and ids do not begin calls, new ids at the same index do', () => {
  expect(
    streamedParts(
      call({ index: 0, id: 'a' }, { name: 'f', arguments: '{' }),
      call({ index: 0, id: 'a' }, { name: 'f', arguments: '}' }),
      call({ index: 0, id: 'b' }, { name: 'g', arguments: '{}' }),
    ),
  ).toMatchObject([
    { callId: 'a', argsJson: '{}' },
    { callId: 'b', argsJson: '{}' },
  ])
})

test('calls without index go by id, then by order', () => {
  expect(
    streamedParts(
      call({ id: 'a' }, { name: 'f', arguments: '{"x":' }),
      call({}, { arguments: '1}' }),
      call({ id: 'b' }, { name: 'g', arguments: '[' }),
      call({ id: 'a' }, { arguments: ' ' }),
      call({ id: 'b' }, { arguments: ']' }),
    ),
  ).toMatchObject([
    { callId: 'a', argsJson: '{"x":1} ' },
    { callId: 'b', argsJson: '[]' },
  ])
})

test('calls without any id get one that is unlike others', () => {
  const parts = streamedParts(call({}, { name: 'f', arguments: '{}' }), call({}, { name: 'g', arguments: '{}' }))
  expect(parts).toMatchObject([{ name: 'f' }, { name: 'g' }])
  const ids = Array.isArray(parts) ? parts.map((part) => part.callId) : []
  expect(new Set(ids).size).toBe(2)
  for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{32}$/)
})

test('arguments may come as an object, or before the name', () => {
  expect(streamedParts(call({ index: 0, id: 'a' }, { name: 'f', arguments: { x: [1] } }))).toMatchObject([
    { argsJson: '{"x":[1]}' },
  ])
  expect(
    streamedParts(
      call({ index: 0, id: 'a' }, { arguments: '{"x"' }),
      call({ index: 0 }, { name: 'f', arguments: ':1}' }),
    ),
  ).toMatchObject([{ name: 'f', argsJson: '{"x":1}' }])
})

test('a call that never tells its name is unreadable', () => {
  expect(streamed(call({ index: 0, id: 'a' }, { arguments: '{}' })).at(-1)).toMatchObject({
    type: 'failure',
    failure: { code: 'invalid-response' },
  })
})

test('the legacy function call is a tool call', () => {
  const events = streamed({ function_call: { name: 'f', arguments: '{' } }, { function_call: { arguments: '}' } })
  expect(partsOf(events)).toMatchObject([{ type: 'tool-call', name: 'f', argsJson: '{}' }])
  expect(events.at(-1)).toMatchObject({ stop: 'tool-calls', rawStop: 'stop' })
})

test('a call of a custom tool stays sealed', () => {
  expect(
    streamedParts(
      { tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'f', input: 'x' } }] },
      { tool_calls: [{ index: 0, custom: { input: 'y' } }] },
    ),
  ).toEqual([
    {
      type: 'opaque',
      opaque: { dialect: 'openai-chat', json: '{"id":"a","type":"custom","custom":{"name":"f","input":"xy"}}' },
    },
  ])
})

test('text, reasoning and text again are parts of their own', () => {
  expect(streamedParts({ content: 'a' }, { reasoning: 'b' }, { reasoning_content: 'c' }, { content: 'd' })).toEqual([
    { type: 'text', text: 'a' },
    { type: 'reasoning', text: 'bc' },
    { type: 'text', text: 'd' },
  ])
})

test('reasoning that comes twice counts once, and its signature seals it', () => {
  const detail = (more: Record<string, unknown>) => ({
    type: 'reasoning.text',
    format: 'anthropic-claude-v1',
    index: 0,
    ...more,
  })
  expect(
    streamedParts(
      { reasoning: 'a', reasoning_details: [detail({ text: 'a' })] },
      { reasoning: 'b', reasoning_details: [detail({ text: 'b' })] },
      { reasoning_details: [detail({ signature: 's' })] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'd', format: 'anthropic-claude-v1' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'e', format: 'openai-responses-v1', id: 'r' }] },
      { content: 'x' },
    ),
  ).toEqual([
    {
      type: 'reasoning',
      text: 'ab',
      seal: { dialect: 'anthropic-messages', json: '{"type":"thinking","signature":"s"}' },
    },
    {
      type: 'reasoning',
      text: '',
      seal: { dialect: 'anthropic-messages', json: '{"type":"redacted_thinking","data":"d"}' },
    },
    {
      type: 'reasoning',
      text: '',
      seal: {
        dialect: 'openai-chat',
        json: '{"type":"reasoning.encrypted","data":"e","format":"openai-responses-v1","id":"r"}',
      },
    },
    { type: 'text', text: 'x' },
  ])
})

test('a refusal is a part and a stop reason', () => {
  const events = streamed({ refusal: 'I ' }, { refusal: 'cannot.' })
  expect(partsOf(events)).toEqual([{ type: 'refusal', text: 'I cannot.' }])
  expect(events.at(-1)).toMatchObject({ stop: 'refusal', rawStop: 'stop' })
})

test('annotations are citations of the text', () => {
  const url_citation = { url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 }
  const annotation = { type: 'url_citation', url_citation }
  expect(streamedParts({ content: 'ab' }, { annotations: [annotation] })).toMatchObject([
    { type: 'text', text: 'ab', citations: [{ url: 'https://a.example', title: 'A', start: 0, end: 2 }] },
  ])
})

test('search results of a whole answer give titles', () => {
  const body = {
    choices: [{ message: { content: 'x' }, finish_reason: 'stop' }],
    citations: ['https://a.example'],
    search_results: [{ url: 'https://a.example', title: 'A' }, { title: 'no address' }],
  }
  expect(partsOf(createReader().readWhole(Buffer.from(JSON.stringify(body))))).toEqual([
    { type: 'text', text: 'x', citations: [{ url: 'https://a.example', title: 'A' }] },
  ])
})

test('unknown content parts, images and audio stay sealed', () => {
  expect(
    streamedParts({
      content: [{ type: 'reference', reference_ids: [1] }],
      images: [{ type: 'image_url' }],
      audio: { id: 'a' },
    }),
  ).toEqual(
    ['{"type":"reference","reference_ids":[1]}', '{"audio":{"id":"a"}}', '{"type":"image_url"}'].map((json) => ({
      type: 'opaque',
      opaque: { dialect: 'openai-chat', json },
    })),
  )
})

test.each([
  ['length', 'max-tokens'],
  ['content_filter', 'content-filter'],
  ['tool_calls', 'tool-calls'],
  ['model_length', 'context-full'],
  ['weather', 'other'],
  ['constructor', 'other'],
])('finish reason %s is %s', (reason, stop) => {
  expect(readStream(stream(chunk({ content: 'x' }), chunk({}, reason))).at(-1)).toEqual({
    type: 'message-end',
    stop,
    rawStop: reason,
  })
})

test('other choices than the first are not part of the answer', () => {
  const frame = {
    id: 'c',
    model: 'm',
    choices: [
      { index: 1, delta: { content: 'no' } },
      { index: 0, delta: { content: 'yes' } },
    ],
  }
  expect(partsOf(readStream(stream(frame, chunk({}, 'stop'))))).toEqual([{ type: 'text', text: 'yes' }])
})

test.each([
  ['[DONE] without a finish reason', stream(chunk({ content: 'x' })), 'truncated'],
  ['[DONE] alone', stream(), 'truncated'],
  ['a finish reason without [DONE]', stream(chunk({ content: 'x' }), chunk({}, 'stop')).subarray(0, -14), 'truncated'],
  ['an error frame', stream(chunk({ content: 'x' }), { error: { message: 'm', code: 503 } }), 'overloaded'],
  ['garbage', Buffer.from('data: <html>\n\n'), 'invalid-response'],
  ['a number', Buffer.from('data: 7\n\n'), 'invalid-response'],
])('%s ends in a failure, once', (_name, bytes, code) => {
  const events = readStream(bytes)
  expect(events.filter((event) => event.type === 'failure')).toHaveLength(1)
  expect(events.at(-1)).toMatchObject({ type: 'failure', failure: { code } })
  expect(events.some((event) => event.type === 'message-end')).toBe(false)
})

test('frames behind the end are not read', () => {
  const bytes = Buffer.concat([stream(chunk({ content: 'x' }), chunk({}, 'stop')), stream(chunk({ content: 'y' }))])
  expect(readStream(bytes).at(-1)?.type).toBe('message-end')
})

test.each([
  ['', 'invalid-response'],
  ['{"choices":[]}', 'invalid-response'],
  ['{"choices":[{"finish_reason":"stop"}]}', undefined],
  ['{"error":{"message":"m","type":"overloaded_error"}}', 'overloaded'],
  [`{"choices":${'['.repeat(600)}`, 'invalid-response'],
])('the whole body %.40s', (body, code) => {
  const last = createReader().readWhole(Buffer.from(body)).at(-1)
  expect(last?.type === 'failure' ? last.failure.code : undefined).toBe(code)
})

test('a frame nested too deep to be written again is unreadable, not fatal', () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  const bytes = Buffer.from(`data: {"id":"c","choices":[{"delta":{"images":[${deep}]}}]}\n\ndata: [DONE]\n\n`)
  expect(readStream(bytes).at(-1)).toMatchObject({ type: 'failure' })
})

test('calls whose index is always -1 (GLM) are told apart by their ids', () => {
  const piece = (id: string, name: string, json: string) =>
    chunk({ tool_calls: [{ index: -1, id, type: 'function', function: { name, arguments: json } }] })
  const bytes = stream(
    piece('a', 'first', '{"x"'),
    piece('b', 'second', '{}'),
    piece('a', '', ':1}'),
    chunk({}, 'tool_calls'),
  )
  expect(partsOf(readStream(bytes))).toEqual([
    { type: 'tool-call', callId: 'a', name: 'first', argsJson: '{"x":1}' },
    { type: 'tool-call', callId: 'b', name: 'second', argsJson: '{}' },
  ])
  const nameless = stream(piece('a', 'first', ''), piece('', '', '{}'), chunk({}, 'tool_calls'))
  expect(partsOf(readStream(nameless))).toMatchObject([{ name: 'first', argsJson: '{}' }])
})
