// What a client is told: which of several failures, as which error, in which words.
import { describe, expect, it } from 'vitest'
import type { FailureCode, TimerName, UpstreamFailure } from '../chat/failure.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import { errorCodeOf, errorOfFailure, tellingFailure } from './failure-error.ts'

const failure = (code: FailureCode, more: Partial<UpstreamFailure> = {}): UpstreamFailure => ({
  phase: 'head',
  code,
  charged: 'unknown',
  ...more,
})
const asIs = (text: string): string => text

describe('errorOfFailure', () => {
  const table: Readonly<Record<FailureCode, readonly [ErrorCode, number]>> = {
    unreachable: ['provider_unreachable', 502],
    timeout: ['provider_timeout_total', 504],
    'key-refused': ['provider_key_refused', 502],
    'quota-exhausted': ['provider_quota_exhausted', 502],
    'rate-limited': ['provider_rate_limited', 429],
    overloaded: ['provider_overloaded', 502],
    'not-found': ['provider_model_not_found', 404],
    rejected: ['provider_rejected_request', 400],
    failed: ['provider_failed', 502],
    truncated: ['provider_truncated', 502],
    'invalid-response': ['provider_invalid_response', 502],
    'too-large': ['provider_response_too_large', 502],
    redirected: ['provider_redirected', 502],
    'queue-full': ['service_queue_full', 503],
  }
  it.each(Object.entries(table))('%s becomes %j', (code, [errorCode, status]) => {
    // A provider's own 401 or 500 never becomes ours.
    for (const theirs of [undefined, 401, 500]) {
      const of = failure(code as FailureCode, theirs === undefined ? {} : { status: theirs })
      const error = errorOfFailure(of, asIs, false)
      expect([error.code, error.status]).toEqual([errorCode, status])
    }
  })

  const timers: Readonly<Record<TimerName, ErrorCode>> = {
    connect: 'provider_timeout_connect',
    head: 'provider_timeout_head',
    'first-token': 'provider_timeout_first_token',
    idle: 'provider_timeout_idle',
    total: 'provider_timeout_total',
  }
  it.each(Object.entries(timers))('a timeout of timer %s is named %s', (timer, code) => {
    expect(errorCodeOf(failure('timeout', { timer: timer as TimerName }))).toBe(code)
  })

  it.each([
    [400, 400],
    [413, 413],
    [415, 415],
    [422, 422],
    [409, 400],
    [418, 400],
    [undefined, 400],
  ])('a rejected request of status %s reaches the client as %i', (theirs, ours) => {
    expect(
      errorOfFailure(failure('rejected', theirs === undefined ? {} : { status: theirs }), asIs, false).status,
    ).toBe(ours)
  })

  it("tells a provider's words, scrubbed and bounded, only where the caller can mend the request", () => {
    const scrub = (text: string): string => text.replaceAll('sk-key', '[secret]')
    const said = (code: FailureCode): string =>
      errorOfFailure(failure(code, { message: `bad sk-key ${'x'.repeat(5_000)}` }), scrub, false).message
    expect(said('rejected')).toContain('bad [secret] xxx')
    expect(said('rejected').length).toBeLessThan(2_100)
    expect(said('not-found')).toContain('bad [secret]')
    for (const code of ['failed', 'overloaded', 'key-refused', 'unreachable', 'truncated', 'rate-limited'] as const)
      expect(said(code)).not.toContain('bad')
    expect(errorOfFailure(failure('rejected', { param: 'sk-key' }), scrub, false).details.param).toBe('[secret]')
  })

  it('carries the wait and whether every attempt is spent', () => {
    const error = errorOfFailure(failure('rate-limited', { retryAfterMs: 7_000 }), asIs, true)
    expect(error.retryAfterMs).toBe(7_000)
    expect(error.details.exhausted).toBe(true)
    expect(errorOfFailure(failure('failed'), asIs, false).details).not.toHaveProperty('exhausted')
  })
})

describe('tellingFailure', () => {
  it.each<[string, readonly UpstreamFailure[], UpstreamFailure | undefined]>([
    ['nothing of nothing', [], undefined],
    ['the only one', [failure('failed')], failure('failed')],
    ['a refusal of the request, wherever it came', [failure('rejected'), failure('failed')], failure('rejected')],
    [
      'the shortest wait where all were rate limits',
      [
        failure('rate-limited', { retryAfterMs: 9 }),
        failure('rate-limited', { retryAfterMs: 3 }),
        failure('rate-limited'),
      ],
      failure('rate-limited', { retryAfterMs: 3 }),
    ],
    ['the last that is about the provider', [failure('failed'), failure('overloaded')], failure('overloaded')],
    ["not our key's refusal, where a provider failed", [failure('failed'), failure('key-refused')], failure('failed')],
    ['not a missing model, where a provider failed', [failure('timeout'), failure('not-found')], failure('timeout')],
    ['a rate limit over a refused key', [failure('rate-limited'), failure('key-refused')], failure('rate-limited')],
    ['the last where all are about our set-up', [failure('key-refused'), failure('not-found')], failure('not-found')],
  ])('tells %s', (_title, failures, told) => {
    expect(tellingFailure(failures)).toEqual(told)
  })
})
