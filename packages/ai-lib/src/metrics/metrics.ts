// The port through which the library tells an application's own metrics what happened.

/** Label values by name: few and from closed sets, never a prompt, a key or a user's text. */
export type MetricTags = Readonly<Record<string, string>>

/** A running timer. */
export interface Timer {
  /** Ends it and records the time. What it returns is for whoever started it: the library does not look at it. */
  stop(): unknown
}

/** A timer that gives the time it measured. */
export interface MeasuringTimer extends Timer {
  /** Ends it, records the time and gives it in milliseconds. Later calls give the same time and record nothing. */
  stop(): number
}

/**
 * What an application implements to hear of the library's metrics: all of it or a part, at once or by a promise that
 * nobody waits for. Calls come from the request path, so they should be cheap; one that throws or rejects breaks nothing.
 *
 * @example
 * ```ts
 * import { AiClient, type Metrics, Provider } from 'ai-lib'
 * const counts = new Map<string, number>()
 * const metrics: Partial<Metrics> = {
 *   incrCounter: (name, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
 * }
 * export const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...', metrics })
 * ```
 */
export interface Metrics {
  /** Adds to a counter; 1 where no value is given. */
  incrCounter(name: string, value?: number, tags?: MetricTags): void | Promise<void>
  recordGauge(name: string, value: number, tags?: MetricTags): void | Promise<void>
  /** Measures until the timer is stopped; nothing, where this name is not measured. */
  startTimer(name: string, tags?: MetricTags): Timer | undefined | Promise<Timer | undefined>
  recordHistogram(name: string, value: number, tags?: MetricTags): void | Promise<void>
  /** `code` is from the closed table of error codes. */
  recordError(code: string, tags?: MetricTags): void | Promise<void>
  recordSuccess(tags?: MetricTags): void | Promise<void>
}

/** Metrics whose every call is over when it returns: what `noopMetrics` and `PrometheusMetrics` are. */
export interface SyncMetrics extends Metrics {
  incrCounter(name: string, value?: number, tags?: MetricTags): void
  recordGauge(name: string, value: number, tags?: MetricTags): void
  startTimer(name: string, tags?: MetricTags): MeasuringTimer
  recordHistogram(name: string, value: number, tags?: MetricTags): void
  recordError(code: string, tags?: MetricTags): void
  recordSuccess(tags?: MetricTags): void
}

/**
 * Records nothing; its timers still measure.
 *
 * @example
 * ```ts
 * import { noopMetrics, type SyncMetrics } from 'ai-lib'
 * export const loud: SyncMetrics = { ...noopMetrics, recordError: (code) => console.error(code) }
 * ```
 */
export const noopMetrics: SyncMetrics = {
  incrCounter: nothing,
  recordGauge: nothing,
  startTimer: () => startTimer(nothing),
  recordHistogram: nothing,
  recordError: nothing,
  recordSuccess: nothing,
}

/**
 * A timer that calls `onStop` once, with milliseconds of the monotonic clock: what implementations of the port need.
 *
 * @example
 * ```ts
 * import { startTimer } from 'ai-lib'
 * const timer = startTimer((elapsedMs) => console.log(`took ${elapsedMs} ms`))
 * timer.stop()
 * ```
 */
export function startTimer(
  onStop: (elapsedMs: number) => void,
  nowMs: () => number = () => performance.now(),
): MeasuringTimer {
  const startedMs = nowMs()
  let elapsedMs: number | undefined
  return {
    stop() {
      if (elapsedMs === undefined) {
        elapsedMs = nowMs() - startedMs
        onStop(elapsedMs)
      }
      return elapsedMs
    },
  }
}

function nothing(): void {
  // Recording nothing is what this implementation is for.
}
