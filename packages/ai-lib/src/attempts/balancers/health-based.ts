// Health-based: weights, less for members that fail or answer slowly. Who fails again and again is not in the pool at all.
import { type Balancer, mostOwed, type TargetState } from './balancer.ts'

/** However badly it does, a member keeps so much of its weight: nobody recovers without being asked. */
const leastSuccess = 0.1
const leastSpeed = 0.1
/** An average answer of this many milliseconds halves the weight. Answers of 200 and 400 ms share 0.97 to 0.94. */
const halvingMs = 6_000

export const healthBased: Balancer = {
  name: 'health-based',
  pick: (pool) => mostOwed(pool, share),
  share,
}

// The square: one failure in ten costs a fifth of the traffic, one in two three quarters.
function share({ weight, health: { success, latencyMs } }: TargetState): number {
  const speed = Math.max(leastSpeed, halvingMs / (halvingMs + latencyMs))
  return weight * Math.max(leastSuccess, success * success) * speed
}
