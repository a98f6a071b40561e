// Health of endpoints as gauges, read when somebody scrapes.
import type { Registry } from 'prom-client'
import { readGauges } from './read-gauge.ts'
import { seriesSpecs } from './series-specs.ts'

/** How one endpoint stands: its label, and what its breaker and its operator say. */
export interface EndpointStanding {
  readonly endpoint: string
  readonly breaker: 'closed' | 'half-open' | 'open'
  /** False while it gets nothing, or nothing but a trial. */
  readonly isHealthy: boolean
}

const breakerValues = { closed: 0, 'half-open': 1, open: 2 } as const

export function registerEndpointSeries(registry: Registry, standings: () => readonly EndpointStanding[]): void {
  readGauges(registry, seriesSpecs.endpointHealth, () =>
    standings().map(({ endpoint, isHealthy }) => [endpoint, isHealthy ? 1 : 0]),
  )
  readGauges(registry, seriesSpecs.breakers, () =>
    standings().map(({ endpoint, breaker }) => [endpoint, breakerValues[breaker]]),
  )
}
