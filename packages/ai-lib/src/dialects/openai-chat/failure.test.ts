import { describe, expect, test } from 'vitest'
import { AiError } from '../../errors/ai-error.ts'
import { readFailure, writeFailure } from './failure.ts'
import { openaiChat } from './openai-chat.ts'
import { readUsage, writeUsage } from './usage.ts'

describe('reading', () => {
  test.each([
    [401, {}, 'key-refused'],
    [403, {}, 'key-refused'],
    [402, {}, 'quota-exhausted'],
    [429, { code: 'rate_limit_exceeded' }, 'rate-limited'],
    [429, { code: 'insufficient_quota' }, 'quota-exhausted'],
    [429, { type: 'exceeded_current_quota_error' }, 'quota-exhausted'],
    [404, { code: 'model_not_found' }, 'not-found'],
    [400, { code: 'model_not_found' }, 'not-found'],
    [400, { code: 'context_length_exceeded' }, 'rejected'],
    [413, {}, 'rejected'],
    [422, {}, 'rejected'],
    [418, {}, 'rejected'],
    [408, {}, 'failed'],
    [409, {}, 'failed'],
    [503, {}, 'overloaded'],
    [529, {}, 'overloaded'],
    [500, {}, 'failed'],
    [502, {}, 'failed'],
  ])('%i %o', (status, words, code) => {
    const body = Buffer.from(JSON.stringify({ error: { message: 'm', ...words } }))
    const charged = status < 500 ? 'no' : 'unknown'
    expect(readFailure(status, body)).toMatchObject({ phase: 'head', code, status, charged, message: 'm' })
  })

  test.each([
    ['{"error":{"message":"m","code":"c","type":"t","param":"p"}}', { message: 'm', providerCode: 'c', param: 'p' }],
    ['{"error":{"message":"m","type":"t","code":null,"param":null}}', { message: 'm', providerCode: 't' }],
    ['{"error":"m"}', { message: 'm' }],
    ['{"message":"m","code":"c"}', { message: 'm', providerCode: 'c' }],
    ['{"detail":"m"}', { message: 'm' }],
    ['{"detail":[{"loc":["body"],"msg":"a"},{"msg":"b"}]}', { message: 'a; b' }],
    ['[{"error":{"message":"m","status":"INVALID_ARGUMENT"}}]', { message: 'm', providerCode: 'INVALID_ARGUMENT' }],
    ['"m"', { message: '"m"' }],
    ['plain words', { message: 'plain words' }],
    ['<html><head><title>502 Bad Gateway</title></head>', { message: '502 Bad Gateway' }],
    ['<p>nothing', {}],
    ['', {}],
    ['[]', {}],
    ['{"error":{"message":7}}', {}],
  ])('%s', (body, told) => {
    const {
      phase: _phase,
      code: _code,
      status: _status,
      charged: _charged,
      ...details
    } = readFailure(400, Buffer.from(body))
    expect(details).toEqual(told)
  })

  test('deep nesting in an error body is not followed', () => {
    const deep = `{"detail":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(readFailure(500, Buffer.from(deep))).toMatchObject({ code: 'failed' })
  })

  test('a huge body is neither parsed nor quoted whole', () => {
    const failure = readFailure(500, Buffer.alloc(3_000_000, 'x'))
    expect(failure.message?.length).toBe(2000)
  })
})

describe('writing', () => {
  test.each([
    ['caller_missing_field', 400, 'invalid_request_error'],
    ['caller_unknown_key', 401, 'authentication_error'],
    ['policy_model_not_allowed', 403, 'permission_error'],
    ['caller_model_not_found', 404, 'not_found_error'],
    ['policy_rate_limited', 429, 'rate_limit_error'],
    ['service_internal', 500, 'server_error'],
    ['provider_failed', 502, 'server_error'],
  ] as const)('%s', (code, status, type) => {
    const error = new AiError(code, { param: 'p' })
    expect(error.status).toBe(status)
    const body: unknown = JSON.parse(Buffer.from(writeFailure(error, 'before-body', 'r1')).toString('utf8'))
    expect(body).toEqual({ error: { message: error.message, type, code, param: 'p', request_id: 'r1' } })
  })

  test('in a stream it is one frame without [DONE], which our own tap takes for a failure', () => {
    const text = Buffer.from(writeFailure(new AiError('provider_truncated'), 'mid-stream', 'r1')).toString('utf8')
    expect(text).toMatch(/^data: \{.*\}\n\n$/)
    expect(text).not.toContain('[DONE]')
  })
})

describe('whole answers of status 200', () => {
  const read = (json: string) => openaiChat.readWhole(Buffer.from(json))

  test.each([
    ['{"error":{"message":"m","code":429}}', 'rate-limited'],
    ['{"error":"m"}', 'failed'],
    ['{"object":"error","message":"m"}', 'failed'],
    ['{"choices":[{"finish_reason":"error","message":{}}]}', 'failed'],
    ['{"choices":[{"error":{"message":"m"}}]}', 'failed'],
    ['{}', 'invalid-response'],
    ['{"message":"m"}', 'invalid-response'],
  ])('%s is a failure', (json, code) => {
    expect(read(json).failure?.code).toBe(code)
  })

  test('an answer that speaks of errors is none', () => {
    const answer = read('{"choices":[{"message":{"content":"error"},"finish_reason":"stop"}],"error":null}')
    expect(answer).toEqual({ facts: { stops: ['stop'] } })
  })

  test.each(['', '[]', 'null', '<html>', '{"choices":[]', '{"usage":1,"usage":2,"choices":[]}'])(
    '%s is refused',
    (body) => {
      expect(() => read(body)).toThrow(expect.objectContaining({ code: 'provider_invalid_response' }))
    },
  )
})

describe('usage', () => {
  test('classes are disjoint and add up to what the provider said', () => {
    const usage = readUsage({
      prompt_tokens: 100,
      completion_tokens: 50,
      prompt_tokens_details: { cached_tokens: 30, audio_tokens: 5, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 4 },
    })
    expect(usage).toEqual({
      inputTokens: 45,
      cacheReadTokens: 30,
      cacheWriteTokens: 20,
      audioInputTokens: 5,
      outputTokens: 36,
      reasoningTokens: 10,
      audioOutputTokens: 4,
    })
    expect(usage && readUsage(writeUsage(usage))).toEqual(usage)
  })

  test.each([
    { prompt_tokens: 5, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 1e308 } },
    { prompt_tokens: -4, completion_tokens: '9', prompt_cache_hit_tokens: 3 },
    { prompt_tokens: 1.5, completion_tokens: 2, completion_tokens_details: { reasoning_tokens: 77, audio_tokens: 1 } },
    { total_tokens: null, completion_tokens: 3, completion_tokens_details: [], prompt_tokens_details: 'x' },
  ])('%o gives no negative class', (usage) => {
    for (const count of Object.values(readUsage(usage) ?? {})) expect(count).toBeGreaterThanOrEqual(0)
  })

  test.each([null, {}, [], 'x', { prompt_tokens: 'x' }])('%o is no usage', (usage) => {
    expect(readUsage(usage)).toBeUndefined()
  })
})
