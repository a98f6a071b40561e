// Latency-based: most to the member that answers fastest, a little to the others, so that a change is noticed.
import { type Balancer, mostOwed, type TargetState } from './balancer.ts'

/** A member that nobody measured yet is taken for one of this speed. */
const unmeasuredMs = 500
/** Below this, differences are noise. */
const floorMs = 20

export const latencyBased: Balancer = {
  name: 'latency-based',
  pick: (pool) => mostOwed(pool, share),
  share,
}

// The square: twice as slow gets a quarter.
function share({ weight, health: { latencyMs } }: TargetState): number {
  const relative = unmeasuredMs / Math.max(floorMs, latencyMs === 0 ? unmeasuredMs : latencyMs)
  return weight * relative * relative
}
