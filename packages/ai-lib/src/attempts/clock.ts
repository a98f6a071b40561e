// Time and chance as parameters, so that decisions stay pure and tests need no waiting.

/** Time as a parameter, so that tests need no waiting. */
export interface Clock {
  /** Monotonic milliseconds, for durations: never goes backwards with the wall clock. */
  nowMs(): number
  /** Milliseconds since the epoch, for dates. */
  dateMs(): number
  /** Resolves after `ms`; at once where the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    }),
}

/** A draw in [0, 1). */
export type Random = () => number
