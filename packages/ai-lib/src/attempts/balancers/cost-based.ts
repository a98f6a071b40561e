// Cost-based: the member whose model is cheapest by the catalogue; by weight in turn where prices are equal or unknown.
import { type Balancer, cheapest, type TargetState } from './balancer.ts'

export const costBased: Balancer = {
  name: 'cost-based',
  pick: (pool) => cheapest(pool, price),
  share: ({ weight }) => weight,
}

// What nobody has a price for is asked last: cheap is not what is merely unknown.
function price(member: TargetState): number {
  return member.price ?? Number.MAX_VALUE
}
