// Where requests can go: upstreams, the router over them, and what is known of their health.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { HealthBook } from 'ai-lib/internal/attempts/health-book'
import type { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import type { Transport } from 'ai-lib/internal/transport/transport'
import type { Config } from '../config/config.ts'
import type { Router } from '../exchange/route.ts'
import type { Log } from '../telemetry/log.ts'
import { openProbes } from './open-probes.ts'
import { openRouter } from './open-router.ts'
import { tellBreakers } from './tell-breakers.ts'
import { openUpstreams, type OpenUpstreams } from './open-upstreams.ts'

export interface Routing {
  readonly router: Router
  readonly upstreams: OpenUpstreams
  close(): Promise<void>
}

/** @param simulatorUrl where the built-in simulator listens, if any provider is it. */
export function openRouting(
  config: Config,
  transport: Transport,
  rings: ReadonlyMap<string, KeyRing>,
  simulatorUrl: string | undefined,
  log: Pick<Log, 'warn' | 'info'>,
): Routing {
  const upstreams = openUpstreams(config, transport, rings, simulatorUrl)
  const book = new HealthBook(
    tellBreakers(log, ({ upstream, model }) => router.labelsOf(upstream, model), systemClock.nowMs),
  )
  const router: Router = openRouter(config, upstreams, book)
  const probes = openProbes(config, (alias) => router.endpointsOf(alias), book)
  return {
    router,
    upstreams,
    close() {
      probes.close()
      return upstreams.close()
    },
  }
}
