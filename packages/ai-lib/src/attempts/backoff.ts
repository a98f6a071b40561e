// How long to wait before trying the same target again: full jitter, and the provider's own word wins.

export const backoffBounds = { transientMs: 50, throttledMs: 1_000, capMs: 20_000 } as const

/**
 * Full jitter: anything between 0 and the exponential bound.
 * Source: AWS, "Exponential Backoff And Jitter"; bases of 50 ms (transient) and 1 s (throttled), cap 20 s.
 * @param attempt 0 for the first repeat.
 */
export function backoffMs(attempt: number, isThrottled: boolean, draw: number): number {
  const base = isThrottled ? backoffBounds.throttledMs : backoffBounds.transientMs
  return Math.floor(draw * Math.min(backoffBounds.capMs, base * 2 ** attempt))
}
