// What upstream errors mean, and how ours look to a client.
import { describe, expect, it } from 'vitest'
import { AiError } from '../../errors/ai-error.ts'
import { readFailure, writeFailure } from './failure.ts'

function body(type: string, message: string): Buffer {
  return Buffer.from(JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' }))
}

describe('readFailure', () => {
  it.each([
    [400, 'invalid_request_error', 'max_tokens: too large', 'rejected', 'no'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the API.', 'quota-exhausted', 'no'],
    [400, 'invalid_request_error', 'You have reached your specified API usage limits.', 'quota-exhausted', 'no'],
    [401, 'authentication_error', 'invalid x-api-key', 'key-refused', 'no'],
    [402, 'billing_error', 'Pay.', 'quota-exhausted', 'no'],
    [403, 'permission_error', 'Not yours.', 'key-refused', 'no'],
    [404, 'not_found_error', 'model: x', 'not-found', 'no'],
    [408, 'timeout_error', 'slow', 'failed', 'no'],
    [409, 'api_error', 'conflict', 'failed', 'no'],
    [413, 'request_too_large', 'too large', 'rejected', 'no'],
    [422, 'invalid_request_error', 'no', 'rejected', 'no'],
    [429, 'rate_limit_error', 'This request would exceed your rate limit.', 'rate-limited', 'no'],
    [429, 'rate_limit_error', 'Check your plan and billing details.', 'quota-exhausted', 'no'],
    [500, 'api_error', 'Internal server error', 'failed', 'unknown'],
    [503, 'overloaded_error', 'Overloaded', 'overloaded', 'no'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded', 'no'],
  ])('reads %i %s "%s" as %s', (status, type, message, code, charged) => {
    const expected = { phase: 'head', code, charged, status, message, providerCode: type }
    expect(readFailure(status, body(type, message))).toEqual(expected)
  })

  it('reads OpenAI’s form with its parameter', () => {
    const openai = { error: { message: 'Bad.', type: 'invalid_request_error', code: 'bad', param: 'tools' } }
    expect(readFailure(400, Buffer.from(JSON.stringify(openai)))).toMatchObject({
      code: 'rejected',
      message: 'Bad.',
      param: 'tools',
    })
    const spent = { error: { message: 'x', type: 'y', code: 'insufficient_quota' } }
    expect(readFailure(429, Buffer.from(JSON.stringify(spent))).code).toBe('quota-exhausted')
  })

  it('reads pages, plain text, bare words and nothing', () => {
    expect(readFailure(502, Buffer.from('<html>Bad gateway</html>')).message).toBe('The body is a web page.')
    expect(readFailure(500, Buffer.from('upstream connect error')).message).toBe('upstream connect error')
    expect(readFailure(500, Buffer.from('{"error":"boom"}')).message).toBe('boom')
    expect(readFailure(500, Buffer.from('[1]')).message).toBe('[1]')
    expect(readFailure(500, Buffer.alloc(0))).toEqual({
      phase: 'head',
      code: 'failed',
      charged: 'unknown',
      status: 500,
    })
  })

  it('bounds what it keeps of a message', () => {
    expect(readFailure(500, body('api_error', 'x'.repeat(10_000))).message).toHaveLength(2_000)
  })
})

describe('writeFailure', () => {
  it('writes this dialect’s error with our code and the parameter', () => {
    const error = new AiError('caller_missing_field', { message: '"model" is required.', param: 'model' })
    expect(JSON.parse(Buffer.from(writeFailure(error, 'before-body', 'req_9')).toString())).toEqual({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'The request lacks a field. "model" is required.',
        code: 'caller_missing_field',
        param: 'model',
      },
      request_id: 'req_9',
    })
  })

  it('ends a stream with an error event', () => {
    const event = Buffer.from(writeFailure(new AiError('provider_truncated'), 'mid-stream', 'r')).toString()
    expect(event).toMatch(/^event: error\ndata: \{"type":"error","error":\{"type":"api_error",[^\n]*\}\n\n$/)
  })

  it.each([
    ['caller_unknown_key', undefined, 'authentication_error'],
    ['policy_model_not_allowed', undefined, 'permission_error'],
    ['caller_model_not_found', undefined, 'not_found_error'],
    ['caller_body_too_large', undefined, 'request_too_large'],
    ['caller_unsupported_media_type', undefined, 'invalid_request_error'],
    ['policy_rate_limited', undefined, 'rate_limit_error'],
    ['service_overloaded', undefined, 'overloaded_error'],
    ['provider_timeout_idle', undefined, 'timeout_error'],
    ['service_internal', undefined, 'api_error'],
    ['provider_rejected_request', 402, 'billing_error'],
  ] as const)('names %s by its status', (code, status, type) => {
    const error = new AiError(code, status === undefined ? {} : { status })
    expect(Buffer.from(writeFailure(error, 'before-body', 'r')).toString()).toContain(`"error":{"type":"${type}"`)
  })
})
