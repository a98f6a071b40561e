// When the next backup is due: pure decisions, and a loop that waits for them.
import type { Clock, Random } from '../attempts/clock.ts'

export interface Due {
  readonly intervalMs: number
  /** Of the last success; absent: there was none. */
  readonly lastSuccessMs?: number
  /** Failures since then. */
  readonly failures: number
  readonly nowMs: number
  /** In [0, 1). */
  readonly draw: number
}

const soonMs = 60_000
const retryBaseMs = 5_000
const retryCapMs = 3_600_000

/**
 * Milliseconds to wait. After a failure: full jitter over 5 s, 10 s, 20 s … up to an hour or the interval. Else an
 * interval after the last success, up to a tenth later, so that many instances do not come at once. What was missed
 * while nothing ran is made up for within a minute.
 */
export function nextWaitMs({ intervalMs, lastSuccessMs, failures, nowMs, draw }: Due): number {
  if (failures > 0) return Math.floor(draw * Math.min(intervalMs, retryCapMs, retryBaseMs * 2 ** (failures - 1)))
  const jitterMs = Math.floor(draw * Math.min(soonMs, intervalMs / 10))
  if (lastSuccessMs === undefined) return jitterMs
  const waitMs = lastSuccessMs + intervalMs - nowMs
  // A clock that was set back must not put the next one off for longer than an interval.
  return Math.min(Math.max(waitMs, 0), intervalMs) + jitterMs
}

export interface ScheduleParts {
  readonly intervalMs: number
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly lastSuccessMs?: number
  /** Takes a backup; resolves to whether it went well. Never rejects. */
  run(): Promise<boolean>
}

/** Longer waits are cut: a machine that slept, or whose clock was set, notices within an hour. */
const longestSleepMs = 3_600_000

/** Runs until the signal aborts. One at a time: the next wait begins when the last run is over. */
export async function runSchedule(parts: ScheduleParts): Promise<void> {
  const { intervalMs, clock, random, signal } = parts
  let { lastSuccessMs } = parts
  let failures = 0
  while (!signal.aborted) {
    const due = { intervalMs, failures, nowMs: clock.dateMs(), draw: random() }
    await waitFor(nextWaitMs(lastSuccessMs === undefined ? due : { ...due, lastSuccessMs }), clock, signal)
    if (signal.aborted) return
    if (await parts.run()) {
      failures = 0
      lastSuccessMs = clock.dateMs()
    } else failures += 1
  }
}

/** Until either clock says that the time has come: one stands still in sleep, the other may be set. */
async function waitFor(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const [byDateMs, byTimeMs] = [clock.dateMs() + ms, clock.nowMs() + ms]
  for (;;) {
    const leftMs = Math.min(byDateMs - clock.dateMs(), byTimeMs - clock.nowMs())
    if (leftMs <= 0 || signal.aborted) return
    await clock.sleep(Math.min(leftMs, longestSleepMs), signal)
  }
}

/** The system's time; what waits does not keep a process alive. */
export const backgroundClock: Clock = {
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
      timer.unref()
      signal.addEventListener('abort', done)
    }),
}
