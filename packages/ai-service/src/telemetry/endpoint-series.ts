// Health of endpoints as gauges, read when somebody scrapes.
import { Gauge, type Registry } from 'prom-client'

/** How one endpoint stands: its label, and what its breaker and its operator say. */
export interface EndpointStanding {
  readonly endpoint: string
  readonly breaker: 'closed' | 'half-open' | 'open'
  /** False while it gets nothing, or nothing but a trial. */
  readonly isHealthy: boolean
}

const breakerValues = { closed: 0, 'half-open': 1, open: 2 } as const

export function registerEndpointSeries(registry: Registry, standings: () => readonly EndpointStanding[]): void {
  gauge(registry, 'ai_endpoint_healthy', '1 where requests may go, 0 where none or only a trial may.', (set) => {
    for (const { endpoint, isHealthy } of standings()) set(endpoint, isHealthy ? 1 : 0)
  })
  gauge(
    registry,
    'ai_breaker_state',
    'Breaker: 0 closed, 1 half-open (a trial is under way), 2 open; of a provider the worst of its models.',
    (set) => {
      for (const { endpoint, breaker } of standings()) set(endpoint, breakerValues[breaker])
    },
  )
}

function gauge(
  registry: Registry,
  name: string,
  help: string,
  collect: (set: (endpoint: string, value: number) => void) => void,
): void {
  const metric = new Gauge({
    name,
    help,
    labelNames: ['endpoint'],
    registers: [registry],
    collect: () => {
      metric.reset()
      collect((endpoint, value) => metric.set({ endpoint }, value))
    },
  })
}
