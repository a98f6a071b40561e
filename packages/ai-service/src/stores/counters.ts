// The contract of rate counters: exact, atomic, and with an answer that says when to come back.

export type Admission =
  | { readonly kind: 'admitted'; readonly remaining: number; readonly resetMs: number }
  /** `retryAfterMs` is when the same request would be admitted. */
  | { readonly kind: 'limited'; readonly remaining: 0; readonly resetMs: number; readonly retryAfterMs: number }

/** One limit that a request falls under. */
export interface RateClaim {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
}

export interface RateCounters {
  /** Counts one against `limit` per `windowMs`, if there is room. */
  admit(name: string, limit: number, windowMs: number, nowMs: number): Admission
  /**
   * Counts one against every claim, or, where one has no room, against none: a request that one limit refuses must not
   * use up another. The answers are in the order of the claims.
   */
  admitAll(claims: readonly RateClaim[], nowMs: number): readonly Admission[]
}

export interface ConcurrencyCounters {
  /** Takes one of `limit` places; undefined where none is free. The release is idempotent. */
  enter(name: string, limit: number): (() => void) | undefined
}
