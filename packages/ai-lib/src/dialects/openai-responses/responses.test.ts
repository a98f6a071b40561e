// The Responses wire at its edges: heads, frames that are no answer yet, failures read and written.
import { describe, expect, test } from 'vitest'
import { SseDecoder } from '../../bytes/sse-decoder.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { FrameKind, Tap } from '../dialect.ts'
import { openaiResponses as wire } from './responses.ts'

const peek = (text: string) => wire.peek(Buffer.from(text))

function codeOf(act: () => unknown): { code: string; param: string | undefined } {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof AiError) return { code: thrown.code, param: thrown.details.param }
    throw thrown
  }
  throw new Error('nothing was thrown')
}

function inspect(text: string, tap: Tap = wire.createTap()): { kinds: FrameKind[]; tap: Tap } {
  const kinds: FrameKind[] = []
  new SseDecoder().push(Buffer.from(text), (event) => kinds.push(tap.inspect(event)))
  return { kinds, tap }
}

describe('peek', () => {
  test('finds model, its place and the stream flag', () => {
    const body = '{"input":{"model":"inner","stream":true}, "model" : "gpt-5" ,"stream":true}'
    const head = peek(body)
    expect(head).toMatchObject({ model: 'gpt-5', stream: true, messages: 1, modelSpan: { start: 52, end: 59 } })
    expect(body.slice(head.modelSpan.start, head.modelSpan.end)).toBe('"gpt-5"')
  })

  test('takes no stream, null and false as no stream', () => {
    for (const stream of ['', ',"stream":null', ',"stream":false'])
      expect(peek(`{"model":"m"${stream}}`).stream).toBe(false)
  })

  test.each([
    ['{"prompt":{"id":"pmpt_1"}}', 'caller_missing_field', 'model'],
    ['{"model":7}', 'caller_invalid_request', 'model'],
    ['{"model":""}', 'caller_invalid_request', 'model'],
    ['{"model":null}', 'caller_invalid_request', 'model'],
    ['{"model":"m","stream":"true"}', 'caller_invalid_request', 'stream'],
    ['{"model":"m","model":"n"}', 'caller_ambiguous_key', 'model'],
    ['{"\\u006dodel":"m"}', 'caller_ambiguous_key', 'model'],
    ['{"model":"m","stream":true,"stream":false}', 'caller_ambiguous_key', 'stream'],
    ['[]', 'caller_invalid_json', undefined],
    ['', 'caller_invalid_json', undefined],
    ['{"model":"m"', 'caller_invalid_json', undefined],
    [`{"model":"${'m'.repeat(100)}\n"}`, 'caller_invalid_json', undefined],
  ])('refuses %s with %s', (body, code, param) => {
    expect(codeOf(() => peek(body))).toEqual({ code, param })
  })
})

describe('tap', () => {
  const quiet = [
    '{"type":"response.created","response":{}}',
    '{"type":"response.queued","response":{}}',
    '{"type":"response.in_progress","response":{}}',
    '{"type":"response.output_item.added","item":{"id":"m","type":"message","content":[]}}',
    '{"type":"response.output_item.added","item":{"id":"r","type":"reasoning","summary":[]}}',
    '{"type":"response.content_part.added","part":{"type":"output_text","text":"","annotations":[]}}',
    '{"type":"response.content_part.added","part":{"type":"refusal","refusal":""}}',
    '{"type":"keepalive","sequence_number":3}',
    '[DONE]',
  ]
  test.each(quiet)('%s is no answer yet', (data) => {
    expect(inspect(`data: ${data}\n\n`).kinds).toEqual(['quiet'])
  })

  test.each([
    '{"type":"response.output_text.delta","delta":"a"}',
    '{"type":"response.reasoning_summary_text.delta","delta":"a"}',
    '{"type":"response.function_call_arguments.delta","delta":"{"}',
    '{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}',
    '{"type":"response.output_item.added","item":{"type":"message","content":[{"type":"output_text"}]}}',
    '{"type":"response.content_part.added","part":{"type":"output_text","text":"a"}}',
    '{"type":"response.invented.later","x":1}',
  ])('%s is content', (data) => {
    expect(inspect(`data: ${data}\n\n`).kinds).toEqual(['content'])
  })

  test('comments and pings stay quiet before content', () => {
    expect(inspect(': ping\n\nevent: ping\ndata: {}\n\n').kinds).toEqual(['quiet', 'quiet'])
  })

  test('text that quotes a terminal event is content', () => {
    const delta = JSON.stringify({ delta: '"type":"response.completed"', type: 'response.output_text.delta' })
    expect(inspect(`data: ${delta}\n\n`).kinds).toEqual(['content'])
  })

  test('an incomplete response ends the stream with its usage', () => {
    const response = { status: 'incomplete', usage: { input_tokens: 3, output_tokens: 4 } }
    const { kinds, tap } = inspect(`data: ${JSON.stringify({ response, type: 'response.incomplete' })}\n\n`)
    expect(kinds).toEqual(['terminal'])
    expect(tap.usage).toMatchObject({ inputTokens: 3, outputTokens: 4, reasoningTokens: 0 })
  })

  test('a class larger than its whole counts no token twice', () => {
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 8, cache_write_tokens: 8 },
      output_tokens: -1,
    }
    const { tap } = inspect(`data: ${JSON.stringify({ type: 'response.completed', response: { usage } })}\n\n`)
    expect(tap.usage).toMatchObject({ inputTokens: 0, cacheReadTokens: 8, cacheWriteTokens: 2, outputTokens: 0 })
  })

  test.each([
    ['data: <html>', 'invalid-response'],
    ['event: response.completed\ndata: {"type":"response.completed"', 'invalid-response'],
    ['event: response.completed\ndata: {"type":"response.completed","response":null}', 'invalid-response'],
    ['event: response.completed\ndata: {"response":{"status":"failed","error":{"code":"server_error"}}}', 'failed'],
    ['event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"slow","param":null}', 'rate-limited'],
    ['data: {"error":{"message":"overloaded","type":"overloaded_error"}}', 'overloaded'],
    ['data: {"type":"error","error":{"code":"invalid_image_url","message":"no"}}', 'rejected'],
    ['data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}', 'failed'],
    ['data: {"type":"error","error":{"code":529}}', 'overloaded'],
  ])('%s is the failure %s', (text, code) => {
    const { kinds, tap } = inspect(`${text}\n\n`)
    expect(kinds).toEqual(['failure'])
    expect(tap.failure).toMatchObject({ phase: 'first-event', code })
  })

  test('a failure after content says that it came mid-stream', () => {
    const { tap } = inspect(
      'data: {"type":"response.output_text.delta","delta":"a"}\n\nevent: error\ndata: {"message":"x"}\n\n',
    )
    expect(tap.failure).toEqual({ phase: 'mid-stream', code: 'failed', charged: 'unknown', message: 'x' })
  })
})

describe('whole answers', () => {
  test('a 200 with status failed is a failure', () => {
    const body = '{"object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}'
    expect(wire.readWhole(Buffer.from(body)).failure).toMatchObject({ code: 'rate-limited', message: 'm' })
  })

  test.each(['', '<html></html>', '[]', 'null', '{"usage":', '{"usage":{},"usage":{}}'])('%j is refused', (body) => {
    expect(codeOf(() => wire.readWhole(Buffer.from(body))).code).toBe('provider_invalid_response')
  })
})

describe('readFailure', () => {
  test.each([
    [401, '', 'key-refused'],
    [403, '', 'key-refused'],
    [404, '', 'not-found'],
    [408, '', 'failed'],
    [409, '', 'failed'],
    [400, '<html>', 'rejected'],
    [413, 'null', 'rejected'],
    [422, '[]', 'rejected'],
    [429, '{"error":{"type":"insufficient_quota","code":"billing_hard_limit","message":"m"}}', 'quota-exhausted'],
    [429, '{"error":{"code":"rate_limit_exceeded","message":"m"}}', 'rate-limited'],
    [429, '', 'rate-limited'],
    [500, '\u0000', 'failed'],
    [503, '', 'overloaded'],
    [529, '', 'overloaded'],
  ])('%i %j is %s', (status, body, code) => {
    expect(wire.readFailure(status, Buffer.from(body))).toMatchObject({ phase: 'head', status, code })
  })

  test('keeps the words of the provider, in the nested and in the flat form', () => {
    const nested = '{"error":{"message":"bad","type":"invalid_request_error","param":"temperature","code":null}}'
    expect(wire.readFailure(400, Buffer.from(nested))).toEqual({
      phase: 'head',
      code: 'rejected',
      status: 400,
      charged: 'no',
      message: 'bad',
      providerCode: 'invalid_request_error',
      param: 'temperature',
    })
    const flat = '{"code":"Some resource","error":"The model grok-9 does not exist."}'
    expect(wire.readFailure(404, Buffer.from(flat)).message).toBe('The model grok-9 does not exist.')
  })
})

describe('writeFailure', () => {
  const error = new AiError('caller_missing_field', { message: 'model is required.', param: 'model' })

  test('before the body it is an OpenAI error object', () => {
    const body: unknown = JSON.parse(Buffer.from(wire.writeFailure(error, 'before-body', 'req_1')).toString())
    expect(body).toEqual({
      error: {
        message: 'The request lacks a field. model is required.',
        type: 'invalid_request_error',
        code: 'caller_missing_field',
        param: 'model',
        request_id: 'req_1',
      },
    })
  })

  test('in a stream it is one error event that a tap knows as a failure, and no end', () => {
    const text = Buffer.from(wire.writeFailure(new AiError('provider_truncated'), 'mid-stream', 'req_1')).toString()
    expect(text.startsWith('event: error\ndata: {"type":"error","code":"provider_truncated",')).toBe(true)
    const { kinds, tap } = inspect(text)
    expect(kinds).toEqual(['failure'])
    expect(tap.failure?.providerCode).toBe('provider_truncated')
  })
})
