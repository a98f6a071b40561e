import { describe, expect, it } from 'vitest'
import type { Clock } from '../attempts/clock.ts'
import { nextWaitMs, runSchedule } from './schedule.ts'

const hourMs = 3_600_000
const due = { intervalMs: 24 * hourMs, failures: 0, nowMs: 1_000 * hourMs, draw: 0 }

describe('the next backup', () => {
  it('comes an interval after the last, and a little later so that many do not come at once', () => {
    const last = { ...due, lastSuccessMs: due.nowMs - hourMs }
    expect(nextWaitMs(last)).toBe(23 * hourMs)
    expect(nextWaitMs({ ...last, draw: 0.999 }) - 23 * hourMs).toBeLessThan(60_000)
    expect(nextWaitMs({ ...last, draw: 0.999 }) - 23 * hourMs).toBeGreaterThan(59_000)
  })
  it('comes within a minute where there was none, or one was missed', () => {
    for (const lastSuccessMs of [undefined, due.nowMs - 25 * hourMs, 0])
      for (const draw of [0, 0.5, 0.999]) {
        const waitMs = nextWaitMs({ ...due, draw, ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }) })
        expect(waitMs).toBeLessThan(60_000)
      }
  })
  it('is tried again after a failure with full jitter, at the latest after an hour or the interval', () => {
    const bounds = Array.from({ length: 14 }, (_, at) => nextWaitMs({ ...due, failures: at + 1, draw: 0.9999999 }) + 1)
    expect(bounds.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000])
    expect(Math.max(...bounds)).toBe(hourMs)
    expect(nextWaitMs({ ...due, failures: 9, draw: 0 })).toBe(0)
    expect(nextWaitMs({ ...due, intervalMs: 60_000, failures: 9, draw: 0.9999999 })).toBeLessThan(60_000)
  })
  it('is not put off by a clock that was set back', () => {
    expect(nextWaitMs({ ...due, lastSuccessMs: due.nowMs + 9_000 * hourMs })).toBe(24 * hourMs)
  })
})

/** Time that passes only where somebody sleeps; `jump` is a date that is set or a machine that slept. */
class FakeClock implements Clock {
  time = 0
  date = due.nowMs
  readonly slept: number[] = []
  jumpMs = 0
  nowMs = (): number => this.time
  dateMs = (): number => this.date
  sleep = async (ms: number): Promise<void> => {
    this.slept.push(ms)
    this.time += ms
    this.date += ms + this.jumpMs
    this.jumpMs = 0
  }
}

describe('the schedule', () => {
  async function runs(results: readonly boolean[], clock: FakeClock, lastSuccessMs?: number): Promise<number[]> {
    const ending = new AbortController()
    const dates: number[] = []
    await runSchedule({
      intervalMs: due.intervalMs,
      clock,
      random: () => 0.5,
      signal: ending.signal,
      ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }),
      run: async () => {
        dates.push(clock.date - due.nowMs)
        if (dates.length === results.length) ending.abort()
        return results[dates.length - 1] ?? true
      },
    })
    return dates
  }
  it('takes one soon, then one each interval; failures come again sooner', async () => {
    expect(await runs([true, true, false, false, true, true], new FakeClock())).toEqual([
      30_000,
      24 * hourMs + 60_000,
      48 * hourMs + 90_000,
      48 * hourMs + 92_500,
      48 * hourMs + 97_500,
      72 * hourMs + 127_500,
    ])
  })
  it('notices within an hour that the machine slept through the time', async () => {
    const clock = new FakeClock()
    clock.jumpMs = 30 * hourMs
    const [first = 0] = await runs([true], clock, due.nowMs)
    expect(first).toBe(31 * hourMs)
    expect(Math.max(...clock.slept)).toBe(hourMs)
  })
  it('is not put off by a date that is set back meanwhile', async () => {
    const clock = new FakeClock()
    clock.jumpMs = -900 * hourMs
    await runs([true], clock, due.nowMs)
    expect(clock.time).toBe(24 * hourMs + 30_000)
  })
})
