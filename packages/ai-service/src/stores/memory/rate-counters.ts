// Requests per window by the generic cell rate algorithm: no burst at a window's edge, one number per name.
import type { Admission, RateClaim, RateCounters } from '../counters.ts'

/** Names that are full again say nothing; they are swept once this many are held. */
const sweepAt = 10_000

export function createRateCounters(): RateCounters {
  // Theoretical arrival time: when the bucket would be full again.
  const arrivals = new Map<string, number>()
  const sweep = (nowMs: number): void => {
    for (const [name, arrival] of arrivals) if (arrival <= nowMs) arrivals.delete(name)
  }
  const count = ({ name, limit, windowMs }: RateClaim, nowMs: number): void => {
    if (arrivals.size >= sweepAt && !arrivals.has(name)) sweep(nowMs)
    arrivals.set(name, Math.max(arrivals.get(name) ?? nowMs, nowMs) + windowMs / limit)
  }
  const admitAll = (claims: readonly RateClaim[], nowMs: number): readonly Admission[] => {
    const admissions = claims.map((claim) => look(claim, arrivals.get(claim.name) ?? nowMs, nowMs))
    if (admissions.every(({ kind }) => kind === 'admitted')) for (const claim of claims) count(claim, nowMs)
    return admissions
  }
  return {
    admitAll,
    admit(name, limit, windowMs, nowMs): Admission {
      const claim = { name, limit, windowMs }
      const admission = look(claim, arrivals.get(name) ?? nowMs, nowMs)
      if (admission.kind === 'admitted') count(claim, nowMs)
      return admission
    },
  }
}

/** What a claim would get now; changes nothing. */
function look({ limit, windowMs }: RateClaim, stored: number, nowMs: number): Admission {
  const spacingMs = windowMs / limit
  const arrival = Math.max(stored, nowMs)
  const next = arrival + spacingMs
  const earliestMs = next - windowMs
  if (earliestMs > nowMs + 1e-6)
    return { kind: 'limited', remaining: 0, resetMs: arrival - nowMs, retryAfterMs: earliestMs - nowMs }
  const remaining = Math.floor((windowMs - (next - nowMs)) / spacingMs + 1e-6)
  return { kind: 'admitted', remaining, resetMs: next - nowMs }
}
