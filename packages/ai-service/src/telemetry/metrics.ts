// The service's Prometheus metrics, with closed label sets: told once per exchange, collected when somebody scrapes.
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import type { ErrorCode } from 'ai-lib/internal/errors/error-codes'
import { Counter, Gauge, Registry } from 'prom-client'
import { type EndpointStanding, registerEndpointSeries } from './endpoint-series.ts'
import { ExchangeSeries } from './exchange-series.ts'
import type { ExchangeSummary } from './exchange-summary.ts'
import { KeySeries, type KeyState } from './key-series.ts'
import { registerRuntimeMetrics, type RuntimeSource } from './runtime-metrics.ts'
import { seriesSpecs } from './series-specs.ts'

export interface ServiceMetrics {
  /** One exchange that is over. */
  record(exchange: ExchangeSummary): void
  /** A request that was answered before it became an exchange. */
  recordRefusal(code: ErrorCode): void
  /** The store of the response cache did not take a look-up or a write. */
  recordCacheError(): void
  /** A request that a limit refused; `limit` is from a closed set: `key requests`, `global concurrent`. */
  recordLimit(limit: string): void
  /** Something happened to a provider's key. */
  recordKey(provider: string, event: KeyEvent): void
  streamOpened(): void
  streamClosed(): void
  /** Seconds since the epoch of the last backup that went well. Until it is told there is no such series. */
  backupSucceeded(seconds: number): void
  /** The text of a scrape, with its content type. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>
  /** Stops measuring the event loop. */
  close(): void
}

export interface ServiceMetricsOptions {
  /** Hash of the configuration that serves; asked when somebody scrapes. */
  readonly configVersion?: () => string | undefined
  /** True for models that configuration or catalogue name; every other becomes `other`. Default: none is known. */
  readonly isKnownModel?: (provider: string, model: string) => boolean
  /** The process (memory, CPU, uptime); `process` itself fits. Without it there are no `process_*` metrics. */
  readonly runtime?: RuntimeSource
  /** Requests that wait for a connection, by provider; asked when somebody scrapes. */
  readonly waiting?: () => ReadonlyMap<string, number>
  /** How each endpoint stands now. */
  readonly endpoints?: () => readonly EndpointStanding[]
  /** What became of audit records, and how many wait; asked when somebody scrapes. */
  readonly audit?: { readonly counts: ReadonlyMap<string, number>; readonly depth: () => number }
  /** The states of all provider keys; asked when somebody scrapes. */
  readonly keys?: () => readonly KeyState[]
}

export function createServiceMetrics({
  isKnownModel = () => false,
  runtime,
  waiting = () => new Map(),
  endpoints = () => [],
  configVersion = () => undefined,
  audit = { counts: new Map(), depth: () => 0 },
  keys = () => [],
}: ServiceMetricsOptions = {}): ServiceMetrics {
  const registry = new Registry()
  const series = new ExchangeSeries(registry, isKnownModel)
  registerQueues(registry, waiting, audit.depth)
  registerAudit(registry, audit.counts)
  const keySeries = new KeySeries(registry, keys)
  registerEndpointSeries(registry, endpoints)
  registerConfigVersion(registry, configVersion)
  const stop = registerRuntimeMetrics(registry, runtime)
  return {
    record: (exchange) => series.record(exchange),
    recordRefusal: (code) => series.recordRefusal(code),
    recordCacheError: () => series.recordCache('error'),
    recordLimit: (limit) => series.recordLimit(limit),
    recordKey: (provider, event) => keySeries.record(provider, event),
    streamOpened: () => series.changeStreams(1),
    streamClosed: () => series.changeStreams(-1),
    backupSucceeded: createBackupGauge(registry),
    render: async () => ({
      contentType: registry.contentType,
      body: `${await registry.metrics()}\n${series.renderHistograms()}`,
    }),
    close: stop,
  }
}

function createBackupGauge(registry: Registry): (seconds: number) => void {
  let gauge: Gauge | undefined
  return (seconds) => {
    // Without backups there is no series: 0 would look like one that has failed for decades.
    gauge ??= new Gauge({ ...seriesSpecs.backup, registers: [registry] })
    gauge.set(seconds)
  }
}

function registerConfigVersion(registry: Registry, configVersion: () => string | undefined): void {
  const gauge = new Gauge({
    ...seriesSpecs.config,
    registers: [registry],
    collect() {
      // One at a time: the hash of a configuration that no longer serves must not stay at 1.
      gauge.reset()
      const hash = configVersion()
      if (hash !== undefined) gauge.set({ hash }, 1)
    },
  })
}

function registerAudit(registry: Registry, counts: ReadonlyMap<string, number>): void {
  const counter = new Counter({
    ...seriesSpecs.audit,
    registers: [registry],
    collect() {
      counter.reset()
      for (const [outcome, records] of counts) counter.inc({ outcome }, records)
    },
  })
}

function registerQueues(
  registry: Registry,
  waiting: () => ReadonlyMap<string, number>,
  auditDepth: () => number,
): void {
  const gauge = new Gauge({
    ...seriesSpecs.queues,
    registers: [registry],
    collect() {
      for (const [provider, depth] of waiting()) gauge.set({ queue: `upstream:${provider}` }, depth)
      gauge.set({ queue: 'audit' }, auditDepth())
    },
  })
}
