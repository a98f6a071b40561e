// The service's Prometheus metrics, with closed label sets: told once per exchange, collected when somebody scrapes.
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import type { ErrorCode } from 'ai-lib/internal/errors/error-codes'
import { Registry } from 'prom-client'
import { type EndpointStanding, registerEndpointSeries } from './endpoint-series.ts'
import { ExchangeSeries } from './exchange-series.ts'
import type { ExchangeSummary } from './exchange-summary.ts'
import { KeySeries, type KeyState } from './key-series.ts'
import { registerRuntimeMetrics, type RuntimeSource } from './runtime-metrics.ts'
import { type ReloadSeries, registerServiceSeries, type ServiceState } from './service-series.ts'

export interface ServiceMetrics extends ReloadSeries {
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
  /** Requests are refused because there is too much, or no longer. */
  recordOverload(cause: 'memory' | 'loop', isOn: boolean): void
  streamOpened(): void
  streamClosed(): void
  /** Seconds since the epoch of the last backup that went well. Until it is told there is no such series. */
  backupSucceeded(seconds: number): void
  /** Seconds from one backup to the next; undefined where none are taken any more. */
  backupsScheduled(intervalSeconds: number | undefined): void
  /** The text of a scrape, with its content type. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>
  /** Stops measuring the event loop. */
  close(): void
}

/** Everything in it that is a function is asked when somebody scrapes. */
export interface ServiceMetricsOptions extends ServiceState {
  /** True for models that configuration or catalogue name; every other becomes `other`. Default: none is known. */
  readonly isKnownModel?: (provider: string, model: string) => boolean
  /** The process (memory, CPU, uptime); `process` itself fits. Without it there are no `process_*` metrics. */
  readonly runtime?: RuntimeSource
  /** How each endpoint stands now. */
  readonly endpoints?: () => readonly EndpointStanding[]
  /** The states of all provider keys. */
  readonly keys?: () => readonly KeyState[]
}

export function createServiceMetrics({
  isKnownModel = () => false,
  runtime,
  endpoints = () => [],
  keys = () => [],
  ...state
}: ServiceMetricsOptions = {}): ServiceMetrics {
  const registry = new Registry()
  const series = new ExchangeSeries(registry, isKnownModel)
  const service = registerServiceSeries(registry, state)
  const keySeries = new KeySeries(registry, keys)
  registerEndpointSeries(registry, endpoints)
  const stop = registerRuntimeMetrics(registry, runtime)
  return {
    record: (exchange) => series.record(exchange),
    recordRefusal: (code) => series.recordRefusal(code),
    recordCacheError: () => series.recordCache('error'),
    recordOverload: service.overloaded,
    recordLimit: (limit) => series.recordLimit(limit),
    recordKey: (provider, event) => keySeries.record(provider, event),
    streamOpened: () => series.changeStreams(1),
    streamClosed: () => series.changeStreams(-1),
    backupSucceeded: service.succeeded,
    backupsScheduled: service.scheduled,
    recordReload: service.recordReload,
    render: async () => ({
      contentType: registry.contentType,
      body: `${await registry.metrics()}\n${series.renderHistograms()}`,
    }),
    close: stop,
  }
}
