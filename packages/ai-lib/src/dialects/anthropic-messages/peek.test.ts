// What routing reads of a request, and what it refuses.
import { describe, expect, it } from 'vitest'
import { AiError } from '../../errors/ai-error.ts'
import { anthropicCountTokens } from './count-tokens.ts'
import { peek } from './peek.ts'
import { readWhole } from './whole.ts'

function refusal(act: () => unknown): readonly [string, string | undefined] {
  try {
    act()
  } catch (error) {
    if (error instanceof AiError) return [error.code, error.details.param]
  }
  return ['accepted', undefined]
}

describe('peek', () => {
  it('finds model, stream flag and the place of the model', () => {
    const body = Buffer.from('{"max_tokens":1, "model" : "claude-\\u0078", "stream":true,"messages":[{"model":"no"}]}')
    const head = peek(body)
    expect(head).toMatchObject({ model: 'claude-x', stream: true })
    expect(body.subarray(head.modelSpan.start, head.modelSpan.end).toString()).toBe('"claude-\\u0078"')
    expect(peek(Buffer.from('{"model":"a","stream":null}')).stream).toBe(false)
    expect(peek(Buffer.from('{"model":"a"}'))).toEqual({ model: 'a', stream: false, modelSpan: { start: 9, end: 12 } })
  })

  it.each([
    ['[]', 'caller_invalid_json', undefined],
    ['{', 'caller_invalid_json', undefined],
    ['{}', 'caller_missing_field', 'model'],
    ['{"model":""}', 'caller_invalid_request', 'model'],
    ['{"model":null}', 'caller_invalid_request', 'model'],
    ['{"model":{"a":1}}', 'caller_invalid_request', 'model'],
    ['{"model":"a","stream":"true"}', 'caller_invalid_request', 'stream'],
    ['{"model":"a","stream":[]}', 'caller_invalid_request', 'stream'],
    ['{"model":"a","model":"b"}', 'caller_ambiguous_key', 'model'],
    ['{"\\u006dodel":"a"}', 'caller_ambiguous_key', 'model'],
  ])('refuses %s', (body, code, param) => {
    expect(refusal(() => peek(Buffer.from(body)))).toEqual([code, param])
  })
})

describe('readWhole', () => {
  it('takes an error under a 200 for a failure', () => {
    const body = Buffer.from('{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}')
    expect(readWhole(body).failure).toMatchObject({ phase: 'first-event', code: 'rate-limited', message: 'slow' })
    expect(readWhole(Buffer.from('{"error":{"message":"x"}}')).failure?.code).toBe('failed')
  })

  it.each([
    '',
    '[]',
    '"a"',
    '{}',
    '{"type":"other"}',
    '<html>',
    '{"type":"message"',
    '{"type":"message","type":"error"}',
  ])('refuses %j', (body) => {
    expect(refusal(() => readWhole(Buffer.from(body)))).toEqual(['provider_invalid_response', undefined])
  })
})

describe('the token counter', () => {
  it('reads a count, and a failure under a 200', () => {
    expect(anthropicCountTokens.readWhole(Buffer.from('{"input_tokens":12}'))).toEqual({
      usage: undefined,
      failure: undefined,
    })
    const failed = anthropicCountTokens.readWhole(Buffer.from('{"type":"error","error":{"type":"api_error"}}'))
    expect(failed.failure?.code).toBe('failed')
    expect(refusal(() => anthropicCountTokens.readWhole(Buffer.from('{"type":"message"}')))[0]).toBe(
      'provider_invalid_response',
    )
  })
})
