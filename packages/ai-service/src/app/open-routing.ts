// Where requests can go: upstreams, the router over them, and probes of their endpoints.
import type { HealthBook } from 'ai-lib/internal/attempts/health-book'
import type { ProbeTimer } from 'ai-lib/internal/attempts/probe-timer'
import type { Router } from '../exchange/route.ts'
import { openProbes } from './open-probes.ts'
import { openRouter } from './open-router.ts'
import { openUpstreams, type OpenUpstreams, type UpstreamParts, type UpstreamSources } from './open-upstreams.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

export interface Routing {
  readonly router: Router
  readonly upstreams: OpenUpstreams
  startProbes(leases: Leases): void
}

/** What routings of one process share, whatever configuration they were opened for. */
export interface RoutingParts extends UpstreamParts {
  readonly book: HealthBook
  readonly probes: SharedParts<ProbeTimer>
}

export function openRouting(sources: UpstreamSources, parts: RoutingParts, leases: Leases): Routing {
  const { config } = sources
  const upstreams = openUpstreams(sources, parts, leases)
  const router = openRouter(config, upstreams, parts.book)
  const places = {
    membersOf: (alias: string) => router.endpointsOf(alias),
    keyOf: upstreams.keyOf,
  }
  return { router, upstreams, startProbes: (active) => openProbes(config, places, parts, active) }
}
