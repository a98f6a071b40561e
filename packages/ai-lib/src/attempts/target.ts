// Where an attempt can go: an upstream (connections, keys, timers) and the model there.
import type { LaneChoice } from '../lanes/choose-lane.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import type { Channel } from '../transport/transport.ts'
import type { TargetState } from './balancers/balancer.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import type { KeyPool } from './key-pool.ts'
import type { RetryBudget } from './retry-budget.ts'

/** Milliseconds; the same meaning on every route. Silence is measured on events: pings do not reset it. */
export interface Timeouts {
  /** Until the response head of a stream. A whole answer's head comes with its end. */
  readonly headMs: number
  /** Until the first content event of a stream. */
  readonly firstTokenMs: number
  /** Between two events of a stream that carry something. */
  readonly idleMs: number
  /** The whole answer. Streams have it only where it was set in so many words. */
  readonly totalMs: number
  readonly streamTotalMs?: number
}

export interface Upstream {
  readonly spec: ProviderSpec
  readonly channel: Channel
  /** Path of the base URL, without a trailing slash: `/v1`, or empty. */
  readonly basePath: string
  /** Headers of the operator's config, lower-case, over those of the provider's data file. */
  readonly headers: Readonly<Record<string, string>>
  readonly keys: KeyPool
  readonly timeouts: Timeouts
  readonly retryBudget: RetryBudget
  /** Whether it is told which trace a request belongs to. Default false. */
  readonly traceContext?: boolean
  /** Ends what was opened for it besides its channel. */
  readonly release?: () => void
}

/** What an operator or an application says of an endpoint by hand. Read anew for each request. */
export interface HealthMark {
  /** False: nothing is sent there. */
  readonly healthy?: boolean | undefined
}

export interface Target extends TargetState {
  /** Name for headers, logs and metrics: the provider's, or `alias/endpoint`. */
  readonly endpoint: string
  readonly upstream: Upstream
  /** As the provider names it. */
  readonly model: string
  readonly maxOutputTokens?: number
  readonly lane: Exclude<LaneChoice, { kind: 'unsupported' }>
  /** Shared by all targets that stand for the same upstream and model. */
  readonly health: EndpointHealth
  readonly mark: HealthMark
  /** Written by the one pool that the target stands in. */
  credit: number
}

/** What a target that stands alone brings along for balancing. */
export function unweighed(health: EndpointHealth): Pick<Target, 'weight' | 'health' | 'mark' | 'credit'> {
  return { weight: 1, health, mark: unmarked, credit: 0 }
}

const unmarked: HealthMark = {}
