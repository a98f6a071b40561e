// Each member in its turn; the ones after it, in order, are where a failed attempt goes next.
import type { Balancer } from './balancer.ts'

export const roundRobin: Balancer = {
  name: 'round-robin',
  order(pool, draw) {
    if (pool.length < 2) return pool
    const first = draw % pool.length
    return [...pool.slice(first), ...pool.slice(0, first)]
  },
}
