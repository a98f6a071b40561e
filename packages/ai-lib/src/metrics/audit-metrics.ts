// Metrics that log: each event becomes one line of the application's own logger, each timer one when it stops.
import { type Metrics, type MetricTags, startTimer, type Timer } from './metrics.ts'

/** Where events go. `console` fits, and any logger with `info(message, fields)`; others need one line around them. */
export interface EventLogger {
  info(message: string, fields: Readonly<Record<string, unknown>>): void
}

/**
 * A `Metrics` implementation that writes every event to a logger, as `metric` with `type`, `name`, `value` and the tags:
 * an audit log of what a client did, without a metrics system.
 *
 * @example
 * ```ts
 * import { AiClient, AuditMetrics, Provider } from 'ai-lib'
 *
 * export const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...', metrics: new AuditMetrics(console) })
 * ```
 */
export class AuditMetrics implements Metrics {
  readonly #logger: EventLogger
  readonly #nowMs: () => number

  /** @param nowMs milliseconds of a clock that is never set back. Default `performance.now()`. */
  constructor(logger: EventLogger, nowMs: () => number = () => performance.now()) {
    this.#logger = logger
    this.#nowMs = nowMs
  }

  incrCounter(name: string, value = 1, tags: MetricTags = {}): void {
    this.#log('counter', name, value, tags)
  }

  recordGauge(name: string, value: number, tags: MetricTags = {}): void {
    this.#log('gauge', name, value, tags)
  }

  recordHistogram(name: string, value: number, tags: MetricTags = {}): void {
    this.#log('histogram', name, value, tags)
  }

  recordError(code: string, tags: MetricTags = {}): void {
    this.#log('error', code, 1, tags)
  }

  recordSuccess(tags: MetricTags = {}): void {
    this.#log('success', 'request', 1, tags)
  }

  /** Logs once, when it stops, with the time in milliseconds. */
  startTimer(name: string, tags: MetricTags = {}): Timer {
    return startTimer((elapsedMs) => this.#log('timer', name, elapsedMs, tags), this.#nowMs)
  }

  // The event's own fields last: no tag may pass itself off as one.
  #log(type: string, name: string, value: number, tags: MetricTags): void {
    this.#logger.info('metric', { ...tags, type, name, value })
  }
}
