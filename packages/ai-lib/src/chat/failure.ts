// How an upstream can fail, as a value that the attempt loop weighs.

export type TimerName = 'connect' | 'head' | 'first-token' | 'idle' | 'total'

export type FailureCode =
  /** Dial, DNS, TLS or reset: no usable connection. */
  | 'unreachable'
  | 'timeout'
  /** 401 or 403: our key. */
  | 'key-refused'
  | 'quota-exhausted'
  | 'rate-limited'
  | 'overloaded'
  /** 404 of a model or route. */
  | 'not-found'
  /** 400, 413, 422 and the like: the request itself. */
  | 'rejected'
  /** 5xx and error events. */
  | 'failed'
  | 'truncated'
  | 'invalid-response'
  | 'too-large'
  | 'redirected'
  /** No free connection within the queue's bound. */
  | 'queue-full'

export interface UpstreamFailure {
  readonly phase: 'dial' | 'head' | 'first-event' | 'mid-stream'
  readonly code: FailureCode
  readonly timer?: TimerName
  readonly status?: number
  readonly retryAfterMs?: number
  /** Whether the provider may have charged for the attempt. */
  readonly charged: 'no' | 'unknown'
  /** Our own words on the limit that was met, or on why no connection came to be. They name no address. */
  readonly reason?: string
  /** The provider's own words; scrubbed before a client sees them. */
  readonly message?: string
  /** The provider's own error code or type, and the parameter it names. */
  readonly providerCode?: string
  readonly param?: string
}
