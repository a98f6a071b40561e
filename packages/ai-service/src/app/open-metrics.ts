// The service's metrics, with what they ask when somebody scrapes.
import type { KeyFeed } from '../secrets/key-feed.ts'
import { createServiceMetrics, type ServiceMetrics } from '../telemetry/metrics.ts'
import type { Log } from '../telemetry/log.ts'
import type { RuntimeSource } from '../telemetry/runtime-metrics.ts'
import type { SpanOutcome } from '../telemetry/traces/otlp-exporter.ts'
import type { Generation } from './generation.ts'
import type { OpenAudit } from './open-audit.ts'

export interface OpenMetricsParts {
  /** What serves at the moment. */
  readonly current: () => Generation
  readonly runtime: RuntimeSource
  readonly log: Pick<Log, 'droppedLines'>
  readonly memoryLimitBytes: number
  readonly version: string
  readonly audit: OpenAudit
  /** What became of spans. */
  readonly spans: ReadonlyMap<SpanOutcome, number>
  readonly feed: KeyFeed
}

export function openMetrics(parts: OpenMetricsParts): ServiceMetrics {
  const { current, runtime, log, memoryLimitBytes, version, audit, spans, feed } = parts
  const metrics = createServiceMetrics({
    runtime,
    memoryLimitBytes,
    version,
    droppedLines: () => log.droppedLines,
    isKnownModel: (provider, model) => current().router.isKnownModel(provider, model),
    waiting: () => current().upstreams.waiting(),
    endpoints: () => current().router.standings(),
    configVersion: () => current().loaded.version,
    audit,
    traces: { counts: spans, depth: () => current().traces.depth() },
    keys: () => current().keys.states(),
  })
  feed.subscribe(({ provider, event }) => metrics.recordKey(provider, event))
  return metrics
}
