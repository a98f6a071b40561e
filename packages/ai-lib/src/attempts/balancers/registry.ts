// Every load-balancing strategy by its name.
import type { Balancer } from './balancer.ts'
import { costBased } from './cost-based.ts'
import { healthBased } from './health-based.ts'
import { latencyBased } from './latency-based.ts'
import { leastConnections } from './least-connections.ts'
import { roundRobin } from './round-robin.ts'
import { weighted } from './weighted.ts'

export const balancers = {
  'round-robin': roundRobin,
  weighted,
  'least-connections': leastConnections,
  'health-based': healthBased,
  'latency-based': latencyBased,
  'cost-based': costBased,
} as const satisfies Readonly<Record<string, Balancer>>

/** The name of a strategy, as configurations write it. */
export type StrategyName = keyof typeof balancers
