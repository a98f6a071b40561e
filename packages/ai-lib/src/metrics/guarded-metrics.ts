// An application's metrics behind a wall: what they throw, reject or lack never reaches a request.
import type { Metrics, MetricTags, Timer } from './metrics.ts'

/** The same calls as `Metrics`, all of them there, none of them failing. */
export class GuardedMetrics {
  readonly #metrics: Partial<Metrics>

  constructor(metrics: Partial<Metrics>) {
    this.#metrics = metrics
  }

  incrCounter(name: string, value: number, tags: MetricTags): void {
    contain(() => this.#metrics.incrCounter?.(name, value, tags))
  }

  recordGauge(name: string, value: number, tags: MetricTags): void {
    contain(() => this.#metrics.recordGauge?.(name, value, tags))
  }

  recordHistogram(name: string, value: number, tags: MetricTags): void {
    contain(() => this.#metrics.recordHistogram?.(name, value, tags))
  }

  recordError(code: string, tags: MetricTags): void {
    contain(() => this.#metrics.recordError?.(code, tags))
  }

  recordSuccess(tags: MetricTags): void {
    contain(() => this.#metrics.recordSuccess?.(tags))
  }

  /** Starts a timer; the function given back stops it, also one that is still being started. */
  startTimer(name: string, tags: MetricTags): () => void {
    let started: Timer | undefined | Promise<Timer | undefined>
    contain(() => {
      started = this.#metrics.startTimer?.(name, tags)
      return started
    })
    return () =>
      contain(() => {
        if (started === undefined) return undefined
        return 'then' in started ? started.then((timer) => timer?.stop()) : started.stop()
      })
  }
}

// An application's metrics are its own affair: its requests must go on, and there is nobody here to tell.
function contain(call: () => unknown): void {
  try {
    const result = call()
    if (isPromise(result)) result.then(undefined, ignore)
  } catch {
    // As above.
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function ignore(): void {
  // As above.
}
