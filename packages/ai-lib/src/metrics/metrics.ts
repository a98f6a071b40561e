// The port through which the library tells an application's own metrics what happened.

/** Label values by name: few and from closed sets, never a prompt, a key or a user's text. */
export type MetricTags = Readonly<Record<string, string>>

/** A running timer. */
export interface Timer {
  /** Ends it, records the time and gives it in milliseconds. Later calls give the same time and record nothing. */
  stop(): number
}

/**
 * What an application implements to hear of the library's metrics. Calls come from the request path: they must be
 * cheap and must not throw.
 *
 * @example
 * ```ts
 * import { type Metrics, noopMetrics } from 'ai-lib'
 * const counts = new Map<string, number>()
 * const metrics: Metrics = {
 *   ...noopMetrics,
 *   incrCounter: (name, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
 * }
 * metrics.incrCounter('asked')
 * ```
 */
export interface Metrics {
  /** Adds to a counter; 1 where no value is given. */
  incrCounter(name: string, value?: number, tags?: MetricTags): void
  recordGauge(name: string, value: number, tags?: MetricTags): void
  startTimer(name: string, tags?: MetricTags): Timer
  recordHistogram(name: string, value: number, tags?: MetricTags): void
  /** `code` is from the closed table of error codes. */
  recordError(code: string, tags?: MetricTags): void
  recordSuccess(tags?: MetricTags): void
}

/** Records nothing; its timers still measure. The default of every client. */
export const noopMetrics: Metrics = {
  incrCounter: nothing,
  recordGauge: nothing,
  startTimer: () => startTimer(nothing),
  recordHistogram: nothing,
  recordError: nothing,
  recordSuccess: nothing,
}

/** A timer that calls `onStop` once, with milliseconds of the monotonic clock: what implementations of the port need. */
export function startTimer(onStop: (elapsedMs: number) => void, nowMs: () => number = () => performance.now()): Timer {
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
