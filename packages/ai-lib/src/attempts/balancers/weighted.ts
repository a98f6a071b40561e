// Smooth weighted round-robin: exact over a window, and never several in a row where turns can be interleaved.
import { type Balancer, mostOwed, type TargetState } from './balancer.ts'

// As nginx shares: {5, 1, 1} gives a a b a c a a, not five of the first and then the others.
export const weighted: Balancer = {
  name: 'weighted',
  pick: (pool) => mostOwed(pool, share),
  share,
}

function share({ weight }: TargetState): number {
  return weight
}
