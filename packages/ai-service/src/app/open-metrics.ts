// The service's metrics, with what they ask when somebody scrapes.
import type { LoadedConfig } from '../config/config.ts'
import type { Router } from '../exchange/route.ts'
import { createServiceMetrics, type ServiceMetrics } from '../telemetry/metrics.ts'
import type { Log } from '../telemetry/log.ts'
import type { RuntimeSource } from '../telemetry/runtime-metrics.ts'
import type { OpenAudit } from './open-audit.ts'
import type { OpenKeyRings } from './open-key-rings.ts'
import type { OpenUpstreams } from './open-upstreams.ts'

export interface OpenMetricsParts {
  readonly loaded: LoadedConfig
  readonly runtime: RuntimeSource
  readonly log: Pick<Log, 'droppedLines'>
  readonly memoryLimitBytes: number
  readonly version: string
  readonly router: Router
  readonly upstreams: OpenUpstreams
  readonly audit: OpenAudit
  readonly keys: OpenKeyRings
}

export function openMetrics(parts: OpenMetricsParts): ServiceMetrics {
  const { loaded, runtime, log, memoryLimitBytes, version, router, upstreams, audit, keys } = parts
  const metrics = createServiceMetrics({
    runtime,
    memoryLimitBytes,
    version,
    droppedLines: () => log.droppedLines,
    isKnownModel: (provider, model) => router.isKnownModel(provider, model),
    waiting: upstreams.waiting,
    endpoints: () => router.standings(),
    configVersion: () => loaded.version,
    audit,
    keys: keys.states,
  })
  keys.feed.subscribe(({ provider, event }) => metrics.recordKey(provider, event))
  return metrics
}
