import fc from 'fast-check'
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../chat/events.ts'
import { foldEvents } from '../../chat/fold-events.ts'
import { toolCallId } from '../../chat/parts.ts'
import { createReader } from './read-answer.ts'
import { readStream } from './streams.test.kit.ts'
import { createWriter } from './write-answer.ts'

const usage = {
  inputTokens: 10,
  cacheReadTokens: 5,
  cacheWriteTokens: 2,
  audioInputTokens: 0,
  outputTokens: 7,
  reasoningTokens: 3,
  audioOutputTokens: 0,
}

const start: ChatEvent = { type: 'message-start', id: 'msg_1', model: 'claude', created: 5 }
const end: ChatEvent = { type: 'message-end', stop: 'end', rawStop: 'end_turn' }

const rich: readonly ChatEvent[] = [
  start,
  { type: 'part-start', index: 0, head: { type: 'reasoning' } },
  { type: 'part-delta', index: 0, text: 'Hm, ' },
  { type: 'part-delta', index: 0, text: '"two".' },
  {
    type: 'part-end',
    index: 0,
    seal: { dialect: 'anthropic-messages', json: '{"type":"thinking","signature":"sig"}' },
  },
  { type: 'part-start', index: 1, head: { type: 'reasoning' } },
  {
    type: 'part-end',
    index: 1,
    seal: { dialect: 'anthropic-messages', json: '{"type":"redacted_thinking","data":"enc"}' },
  },
  { type: 'part-start', index: 2, head: { type: 'text' } },
  { type: 'part-delta', index: 2, text: 'Rome ☀' },
  { type: 'citation', index: 2, citation: { url: 'https://a.example', title: 'A', citedText: 'x' } },
  { type: 'citation', index: 2, citation: { citedText: 'from a document' } },
  { type: 'part-end', index: 2 },
  { type: 'opaque', opaque: { dialect: 'anthropic-messages', json: '{"type":"server_tool_use"}' } },
  { type: 'part-start', index: 3, head: { type: 'tool-call', callId: toolCallId('a'), name: 'weather' } },
  { type: 'part-start', index: 4, head: { type: 'tool-call', callId: toolCallId('b'), name: 'clock' } },
  { type: 'part-delta', index: 3, text: '{"city":' },
  { type: 'part-end', index: 4 },
  { type: 'part-delta', index: 3, text: '"Rome"}' },
  { type: 'part-end', index: 3 },
  { type: 'usage', usage },
  { type: 'message-end', stop: 'tool-calls', rawStop: 'tool_use' },
]

const options = { streamUsage: true, createdSeconds: 9 }

function streamed(events: readonly ChatEvent[], more: Partial<typeof options> = {}) {
  const writer = createWriter({ ...options, ...more })
  const text = events.map((event) => Buffer.from(writer.writeEvents([event])).toString('utf8')).join('')
  return { text, losses: writer.losses }
}

function whole(events: readonly ChatEvent[]) {
  const writer = createWriter(options)
  const bytes = Buffer.from(writer.writeWhole(events))
  const body: unknown = JSON.parse(bytes.toString('utf8'))
  return { bytes, body, losses: writer.losses }
}

describe('goldens', () => {
  test('a rich answer as a stream', async () => {
    const { text, losses } = streamed(rich)
    await expect(`${text}${JSON.stringify(losses, null, 2)}\n`).toMatchFileSnapshot('golden/answer-stream.txt')
  })

  test('a rich answer as a whole', async () => {
    const { body, losses } = whole(rich)
    await expect(`${JSON.stringify({ body, losses }, null, 2)}\n`).toMatchFileSnapshot('golden/answer-whole.json')
  })
})

test("OpenAI's own SDK puts the stream together to the whole answer", async () => {
  const lines = streamed(rich)
    .text.split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => `${frame.slice(6)}\n`)
  const readable = new ReadableStream({
    start(controller) {
      for (const line of lines) controller.enqueue(new TextEncoder().encode(line))
      controller.close()
    },
  })
  const completion = await ChatCompletionStream.fromReadableStream(readable).finalChatCompletion()
  expect(completion).toMatchObject({
    id: 'msg_1',
    choices: [
      {
        finish_reason: 'tool_calls',
        message: {
          content: 'Rome ☀',
          tool_calls: [
            { id: 'a', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
            { id: 'b', function: { name: 'clock', arguments: '{}' } },
          ],
        },
      },
    ],
    usage: { prompt_tokens: 17, completion_tokens: 10, total_tokens: 27 },
  })
})

test('usage goes into the stream only where the client asked', () => {
  expect(streamed(rich).text).toContain('"choices":[],"usage":{"prompt_tokens":17,')
  expect(streamed(rich, { streamUsage: false }).text).not.toContain('usage')
  expect(streamed([start, end]).text).toContain(
    '"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]',
  )
})

test('a whole answer without reported usage has none', () => {
  expect(whole([start, end]).body).toEqual({
    id: 'msg_1',
    object: 'chat.completion',
    created: 5,
    model: 'claude',
    choices: [
      { index: 0, message: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
  })
})

test('an answer without id gets one, and the time it was asked', () => {
  expect(whole([{ type: 'message-start', id: '', model: 'm' }, end]).body).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    created: 9,
  })
})

test.each([
  ['end', 'stop', 0],
  ['stop-sequence', 'stop', 0],
  ['max-tokens', 'length', 0],
  ['context-full', 'length', 0],
  ['tool-calls', 'tool_calls', 0],
  ['refusal', 'content_filter', 0],
  ['content-filter', 'content_filter', 0],
  ['pause', 'stop', 1],
  ['other', 'stop', 1],
] as const)('the stop reason %s is %s', (stop, reason, losses) => {
  const events: readonly ChatEvent[] = [start, { type: 'message-end', stop, rawStop: 'x' }]
  expect(whole(events).body).toMatchObject({ choices: [{ finish_reason: reason }] })
  expect(whole(events).losses).toHaveLength(losses)
  expect(streamed(events).text).toContain(`"finish_reason":"${reason}"`)
  expect(streamed(events).losses).toHaveLength(losses)
})

test('events that do not end are no whole answer', () => {
  expect(() => whole([start])).toThrow(expect.objectContaining({ code: 'provider_truncated' }))
  const failure: ChatEvent = { type: 'failure', failure: { phase: 'head', code: 'failed', charged: 'unknown' } }
  expect(() => whole([start, failure])).toThrow(expect.objectContaining({ code: 'provider_failed' }))
})

test('a failure writes nothing: the pump closes the stream with the error form', () => {
  const failure: ChatEvent = { type: 'failure', failure: { phase: 'mid-stream', code: 'failed', charged: 'unknown' } }
  expect(streamed([failure]).text).toBe('')
})

describe('round trip', () => {
  const text = fc.string({ minLength: 1, unit: 'binary' })
  const reasoning = fc
    .tuple(text, text)
    .map(([thought, signature]) => ({ type: 'reasoning' as const, text: thought, signature }))
  const prose = text.map((value) => ({ type: 'text' as const, text: value }))
  const call = fc.tuple(text, fc.json()).map(([name, args]) => ({ type: 'tool-call' as const, name, text: args }))
  const answer = fc.tuple(
    fc.array(reasoning, { maxLength: 2 }),
    fc.array(prose, { maxLength: 1 }),
    fc.array(call, { maxLength: 3 }),
    fc.constantFrom('max-tokens' as const, 'content-filter' as const),
  )

  test('parts, seals, stop reason and usage survive, streamed and whole', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 1, max: 5 }), ([thoughts, texts, calls, stop], size) => {
        const parts = [...thoughts, ...texts, ...calls]
        const events: ChatEvent[] = [start]
        for (const [index, part] of parts.entries()) {
          if (part.type === 'tool-call')
            events.push({
              type: 'part-start',
              index,
              head: { type: part.type, callId: toolCallId(`c${index}`), name: part.name },
            })
          else events.push({ type: 'part-start', index, head: { type: part.type } })
          for (let at = 0; at < part.text.length; at += size)
            events.push({ type: 'part-delta', index, text: part.text.slice(at, at + size) })
          if (part.type === 'reasoning') {
            const json = JSON.stringify({ type: 'thinking', signature: part.signature })
            events.push({ type: 'part-end', index, seal: { dialect: 'anthropic-messages', json } })
          } else events.push({ type: 'part-end', index })
        }
        events.push(
          { type: 'usage', usage },
          { type: 'message-end', stop, rawStop: stop === 'max-tokens' ? 'length' : 'content_filter' },
        )
        const { text: bytes, losses } = streamed(events)
        expect(losses).toEqual([])
        expect(foldEvents(readStream(Buffer.from(bytes)))).toEqual(foldEvents(events))
        expect(foldEvents(createReader().readWhole(whole(events).bytes))).toEqual(foldEvents(events))
      }),
    )
  })
})
