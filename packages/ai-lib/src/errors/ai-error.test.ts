// Every error has a code from the closed table, a status, and a message that is safe to show.
import { describe, expect, test } from 'vitest'
import { AiError, toAiError } from './ai-error.ts'
import { type ErrorCode, errorTable } from './error-codes.ts'

const entries = Object.entries(errorTable)

describe('the table', () => {
  test.each(entries)('%s names who is to blame, has a status and a sentence', (code, entry) => {
    expect(code).toMatch(/^(caller|policy|provider|service|config)_[a-z_]+$/)
    expect(entry.status).toBeGreaterThanOrEqual(400)
    expect(entry.status).toBeLessThan(600)
    expect(entry.message).toMatch(/^[A-Z].*\.$/)
  })

  test('callers are blamed with 4xx and providers never with 401 or 403', () => {
    const statuses = (...prefixes: string[]) =>
      entries.filter(([code]) => prefixes.includes(code.split('_')[0] ?? '')).map(([, { status }]) => status)
    // RFC 9111 gives 504 to what a cache alone was asked for and does not have.
    expect(statuses('caller', 'policy').filter((status) => status >= 500)).toEqual([
      errorTable.policy_cache_miss.status,
    ])
    expect(statuses('service', 'config').filter((status) => status < 500)).toEqual([])
    expect(statuses('provider').filter((status) => status === 401 || status === 403)).toEqual([])
  })
})

describe('an AiError', () => {
  test('joins the table with its details', () => {
    const error = new AiError('caller_missing_field', {
      message: 'model is required.',
      param: 'model',
      retryAfterMs: 5,
    })
    expect(error.message).toBe('The request lacks a field. model is required.')
    expect([error.name, error.status, error.retryable, error.severity]).toEqual(['AiError', 400, false, 'warning'])
    expect([error.details.param, error.retryAfterMs]).toEqual(['model', 5])
  })

  test('without details says what the table says', () => {
    const error = new AiError('provider_truncated')
    expect(error.message).toBe(errorTable.provider_truncated.message)
    expect([error.status, error.retryable, error.severity, error.retryAfterMs]).toEqual([502, true, 'error', undefined])
  })

  test('may pass the status of a provider through', () => {
    expect(new AiError('provider_rejected_request', { status: 422 }).status).toBe(422)
  })

  test.each<[ErrorCode, string]>([
    ['caller_left', 'warning'],
    ['policy_rate_limited', 'warning'],
    ['service_internal', 'error'],
    ['config_invalid', 'error'],
  ])('%s is a %s', (code, severity) => {
    expect(new AiError(code).severity).toBe(severity)
  })

  test('keeps its cause off its message and out of its JSON', () => {
    const error = new AiError('service_internal', {}, { cause: new Error('dial tcp 10.0.0.7 with sk-canary') })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.message + JSON.stringify(error)).not.toContain('canary')
  })
})

describe('toAiError', () => {
  test('keeps an AiError and wraps everything else', () => {
    const own = new AiError('caller_left')
    expect(toAiError(own)).toBe(own)
    for (const thrown of [new TypeError('x'), 'text', undefined, null, { code: 'caller_left' }]) {
      const wrapped = toAiError(thrown)
      expect([wrapped.code, wrapped.cause]).toEqual(['service_internal', thrown])
      expect(wrapped.message).toBe(errorTable.service_internal.message)
    }
  })
})
