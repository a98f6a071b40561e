// Least connections: the member with the fewest attempts under way for its weight; by weight in turn where that is equal.
import { type Balancer, cheapest, type TargetState } from './balancer.ts'

export const leastConnections: Balancer = {
  name: 'least-connections',
  pick: (pool) => cheapest(pool, load),
  share: ({ weight }) => weight,
}

function load({ health, weight }: TargetState): number {
  return health.inFlight / weight
}
