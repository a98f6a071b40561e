// Round robin: each member in its turn, whatever its weight.
import type { Balancer } from './balancer.ts'

export const roundRobin: Balancer = {
  name: 'round-robin',
  pick: (pool, draw) => pool[draw % pool.length],
  share: () => 0,
}
