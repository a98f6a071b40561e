// Latency-based: most to the member that answers fastest, a little to the others, so that a change is noticed.
import { type Balancer, mostOwed, type TargetState } from './balancer.ts'

/** Below this, differences are noise. */
const floorMs = 20

export const latencyBased: Balancer = {
  name: 'latency-based',
  pick: (pool) => mostOwed(pool, share),
  share,
}

// The square: twice as slow gets a quarter. Who was never measured is asked soon, but not by everybody at once.
function share({ weight, health: { latencyMs, inFlight } }: TargetState): number {
  const speed = latencyMs === 0 ? 1 / (1 + inFlight) : floorMs / Math.max(floorMs, latencyMs)
  return weight * speed * speed
}
