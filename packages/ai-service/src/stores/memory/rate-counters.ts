// Requests per window by the generic cell rate algorithm: no burst at a window's edge, one number per name.
import type { Admission, RateCounters } from '../counters.ts'

/** Names that are full again say nothing; they are swept once this many are held. */
const sweepAt = 10_000

export function createRateCounters(): RateCounters {
  // Theoretical arrival time: when the bucket would be full again.
  const arrivals = new Map<string, number>()
  const sweep = (nowMs: number): void => {
    for (const [name, arrival] of arrivals) if (arrival <= nowMs) arrivals.delete(name)
  }
  return {
    admit(name, limit, windowMs, nowMs): Admission {
      const spacingMs = windowMs / limit
      const arrival = Math.max(arrivals.get(name) ?? nowMs, nowMs)
      const next = arrival + spacingMs
      const earliestMs = next - windowMs
      if (earliestMs > nowMs + 1e-6) {
        return { kind: 'limited', remaining: 0, resetMs: arrival - nowMs, retryAfterMs: earliestMs - nowMs }
      }
      if (arrivals.size >= sweepAt && !arrivals.has(name)) sweep(nowMs)
      arrivals.set(name, next)
      const remaining = Math.floor((windowMs - (next - nowMs)) / spacingMs + 1e-6)
      return { kind: 'admitted', remaining, resetMs: next - nowMs }
    },
  }
}
