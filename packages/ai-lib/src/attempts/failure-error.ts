// What a client is told once the loop gives up: which failure speaks, and as which error.
import type { FailureCode, TimerName, UpstreamFailure } from '../chat/failure.ts'
import { AiError } from '../errors/ai-error.ts'
import type { ErrorCode } from '../errors/error-codes.ts'

const codes: Readonly<Record<FailureCode, ErrorCode>> = {
  unreachable: 'provider_unreachable',
  timeout: 'provider_timeout_total',
  'key-refused': 'provider_key_refused',
  'quota-exhausted': 'provider_quota_exhausted',
  'rate-limited': 'provider_rate_limited',
  overloaded: 'provider_overloaded',
  'not-found': 'provider_model_not_found',
  rejected: 'provider_rejected_request',
  failed: 'provider_failed',
  truncated: 'provider_truncated',
  'invalid-response': 'provider_invalid_response',
  'too-large': 'provider_response_too_large',
  redirected: 'provider_redirected',
  'queue-full': 'service_queue_full',
}

const timers: Readonly<Record<TimerName, ErrorCode>> = {
  connect: 'provider_timeout_connect',
  head: 'provider_timeout_head',
  'first-token': 'provider_timeout_first_token',
  idle: 'provider_timeout_idle',
  total: 'provider_timeout_total',
}

/** Statuses of a provider that pass to the client as they are: the caller can mend what they mean. */
const passing: ReadonlySet<number> = new Set([400, 413, 415, 422])

export function errorCodeOf(failure: UpstreamFailure): ErrorCode {
  return failure.code === 'timeout' && failure.timer ? timers[failure.timer] : codes[failure.code]
}

/**
 * The error for a client.
 * @param scrub takes keys and upstream addresses out of the provider's words, which are told only where the caller can mend
 *   the request (a rejected one) or asked for the reason in a stream (an error event).
 */
export function errorOfFailure(failure: UpstreamFailure, scrub: (text: string) => string, exhausted: boolean): AiError {
  const isTold = failure.code === 'rejected' || (failure.code === 'not-found' && failure.message !== undefined)
  const reason = failure.message ? scrub(failure.message).slice(0, 2_000) : undefined
  const words = isTold ? reason : failure.reason
  const details = {
    ...(words === undefined ? {} : { message: words }),
    ...(failure.param === undefined ? {} : { param: scrub(failure.param) }),
    ...(failure.code === 'rejected' ? { status: rejectedStatus(failure.status) } : {}),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    ...(exhausted ? { exhausted } : {}),
  }
  // What the client is not told, the log still is.
  const isKept = reason !== undefined && !isTold
  return new AiError(errorCodeOf(failure), details, isKept ? { cause: new Error(reason) } : undefined)
}

function rejectedStatus(status: number | undefined): number {
  return status !== undefined && passing.has(status) ? status : 400
}

/** Failures that say more about our own set-up than about the request: another hop's word is worth more to the client. */
const quiet: ReadonlySet<FailureCode> = new Set(['not-found', 'key-refused', 'quota-exhausted'])

/**
 * Of all failures of an exchange, the one to tell: a refusal of the request itself; the shortest wait where all were rate
 * limits; else the last that is about the provider rather than about our keys and names.
 */
export function tellingFailure(failures: readonly UpstreamFailure[]): UpstreamFailure | undefined {
  const rejected = failures.find(({ code }) => code === 'rejected')
  if (rejected) return rejected
  const limited = failures.filter(({ code }) => code === 'rate-limited')
  if (limited.length > 0 && limited.length === failures.length) {
    return limited.reduce((best, next) =>
      (next.retryAfterMs ?? Infinity) < (best.retryAfterMs ?? Infinity) ? next : best,
    )
  }
  return failures.findLast(({ code }) => !quiet.has(code)) ?? failures.at(-1)
}
