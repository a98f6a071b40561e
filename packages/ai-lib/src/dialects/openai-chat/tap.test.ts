import { expect, test } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { openaiChat } from './openai-chat.ts'
import { chunk, stream } from './streams.test.kit.ts'

function tapped(bytes: Buffer) {
  const tap = openaiChat.createTap()
  const kinds: string[] = []
  new SseDecoder().push(bytes, (event) => kinds.push(tap.inspect(event)))
  return { kinds, usage: tap.usage, failure: tap.failure }
}

test.each([
  ['text', { content: 'x' }],
  ['reasoning_content', { reasoning_content: 'x' }],
  ['reasoning', { reasoning: 'x' }],
  ['reasoning_details', { reasoning_details: [{ type: 'reasoning.text', text: 'x' }] }],
  ['a list of parts', { content: [{ type: 'thinking', thinking: [] }] }],
  ['refusal', { refusal: 'x' }],
  ['tool_calls', { tool_calls: [{ index: 0, function: { name: 'f' } }] }],
  ['function_call', { function_call: { name: 'f' } }],
  ['audio', { audio: { id: 'a' } }],
])('%s begins an answer', (_name, delta) => {
  expect(tapped(stream(chunk({ role: 'assistant', content: '' }), chunk(delta))).kinds).toEqual([
    'quiet',
    'content',
    'terminal',
  ])
})

test('roles, empty texts, comments, filter results and a bare finish reason are quiet', () => {
  const bytes = Buffer.concat([
    Buffer.from(': ping\n\n'),
    stream(
      { choices: [], prompt_filter_results: [] },
      chunk({ role: 'assistant', content: null, tool_calls: [] }),
      chunk({ content: [{ type: 'text', text: '' }] }),
      chunk({}, 'stop'),
    ),
  ])
  expect(tapped(bytes).kinds).toEqual(['quiet', 'quiet', 'quiet', 'quiet', 'quiet', 'terminal'])
})

test('content in any choice begins an answer', () => {
  const frame = {
    choices: [
      { index: 0, delta: {} },
      { index: 1, delta: { content: 'x' } },
    ],
  }
  expect(tapped(stream(frame)).kinds).toEqual(['content', 'terminal'])
})

test('text that speaks of errors, usage and [DONE] is content', () => {
  const texts = ['"error":{"message":"no"}', '{"usage":{"prompt_tokens":9}}', '[DONE]', 'error', 'usage', '\\"error\\"']
  const result = tapped(stream(chunk({ content: 'x' }), ...texts.map((content) => chunk({ content }))))
  expect(result.kinds).toEqual([...Array<string>(texts.length + 1).fill('content'), 'terminal'])
  expect(result.usage).toBeUndefined()
  expect(result.failure).toBeUndefined()
})

test('usage alone is told apart from usage beside content, also between frames that say null', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2 }
  const result = tapped(
    stream(
      chunk({ content: 'x' }, null, { usage: null }),
      chunk({ content: 'y' }, null, { usage: null }),
      chunk({}, 'stop', { usage: { prompt_tokens: 5, completion_tokens: 1 } }),
      { choices: [], usage },
    ),
  )
  expect(result.kinds).toEqual(['content', 'content', 'quiet', 'usage-only', 'terminal'])
  expect(result.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 })
})

test.each([
  ['an error object', { error: { message: 'boom', code: 502 } }, 'failed', 502],
  ['an error text', { error: 'boom' }, 'failed', undefined],
  ['overload', { error: { message: 'boom', type: 'overloaded_error' } }, 'overloaded', undefined],
  ['a rate limit', { error: { message: 'boom', code: 'rate_limit_exceeded' } }, 'rate-limited', undefined],
  [
    'spent quota',
    { error: { message: 'boom', code: 'insufficient_quota', type: 'insufficient_quota' } },
    'quota-exhausted',
    undefined,
  ],
  ['the older form of vLLM', { object: 'error', message: 'boom', code: 400 }, 'rejected', 400],
])('%s is a failure before and after content', (_name, frame, code, status) => {
  const before = tapped(stream(frame))
  expect(before.kinds[0]).toBe('failure')
  expect(before.failure).toMatchObject({ code, phase: 'first-event', message: 'boom', charged: 'unknown' })
  expect(before.failure?.status).toBe(status)
  const after = tapped(stream(chunk({ content: 'x' }), frame))
  expect(after.kinds[1]).toBe('failure')
  expect(after.failure).toMatchObject({ code, phase: 'mid-stream' })
})

test('a finish reason of error is a failure', () => {
  expect(tapped(stream(chunk({ content: 'x' }), chunk({}, 'error'))).failure).toMatchObject({ code: 'failed' })
})

test('an SSE error event is a failure whatever it holds', () => {
  const bytes = Buffer.from('event: error\ndata: {"message":"boom"}\n\nevent: error\ndata: boom\n\n')
  expect(tapped(bytes).kinds).toEqual(['failure', 'failure'])
})

test('an error of null is no failure', () => {
  const frames = [chunk({ content: 'x' }, null, { error: null }), chunk({ content: 'y' }, null, { error: null })]
  expect(tapped(stream(...frames)).kinds).toEqual(['content', 'content', 'terminal'])
})

test('a frame that is no JSON object fails while nothing has been sent', () => {
  expect(tapped(Buffer.from('data: <html>\n\n')).failure).toMatchObject({
    code: 'invalid-response',
    phase: 'first-event',
  })
})

test('a reused buffer is searched anew', () => {
  const tap = openaiChat.createTap()
  const kinds: string[] = []
  const buffer = Buffer.alloc(200, 0x20)
  for (const json of [
    '{"choices":[{"delta":{"content":"x"}}]}',
    '{"choices":[{"delta":{"content":"y"}}]}',
    '{"error":{"message":"no"}}',
  ]) {
    buffer.fill(0x20)
    const length = buffer.write(json)
    const at = { bytes: buffer, rawStart: 0, rawEnd: length, hasData: true, dataStart: 0, dataEnd: length, type: '' }
    kinds.push(tap.inspect(at))
  }
  expect(kinds).toEqual(['content', 'content', 'failure'])
})

test('what an answer says of itself is kept, as far as its frames are parsed', () => {
  const tap = openaiChat.createTap()
  const bytes = stream(
    chunk({ role: 'assistant' }),
    chunk({ content: 'x' }),
    chunk({}, 'length', { usage: { prompt_tokens: 1, completion_tokens: 1 } }),
  )
  new SseDecoder().push(bytes, (event) => tap.inspect(event))
  expect(tap.facts).toEqual({ id: 'c1', model: 'm', stops: ['length'] })
  const whole = { id: 'c2', model: 'n', choices: [{ finish_reason: 'stop' }, { finish_reason: null }, {}], usage: {} }
  expect(openaiChat.readWhole(Buffer.from(JSON.stringify(whole))).facts).toEqual({
    id: 'c2',
    model: 'n',
    stops: ['stop'],
  })
})
