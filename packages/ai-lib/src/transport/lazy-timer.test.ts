// Deadlines that move, with a clock that the test holds.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LazyTimer } from './lazy-timer.ts'

let nowMs = 0
beforeEach(() => {
  nowMs = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Also lets the turn of the loop end in which a timer was due. */
async function advance(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1) {
    nowMs += 1
    vi.advanceTimersByTime(1)
  }
  await turn()
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('fires once when the span has passed without a touch', async () => {
  const fired = vi.fn<() => void>()
  new LazyTimer(fired, () => nowMs).arm(100)
  await advance(99)
  expect(fired).not.toHaveBeenCalled()
  await advance(500)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('touches move the deadline and never need more than one real timer', async () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(100)
  for (let frame = 0; frame < 50; frame += 1) {
    await advance(10)
    timer.touch(nowMs)
    expect(vi.getTimerCount()).toBe(1)
  }
  await advance(99)
  expect(fired).not.toHaveBeenCalled()
  await advance(1)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('a cleared timer does not fire, an armed one starts over', async () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(10)
  timer.clear()
  await advance(50)
  expect(fired).not.toHaveBeenCalled()
  timer.arm(10)
  await advance(5)
  timer.arm(20)
  await advance(19)
  expect(fired).not.toHaveBeenCalled()
  await advance(1)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('F32 a touch between the timer and the rest of its turn, when sockets are read, keeps it from firing', async () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(100)
  nowMs += 5_000
  // Runs behind the timer that is due, and before what that left for later.
  setTimeout(() => timer.touch(nowMs), 100)
  vi.advanceTimersByTime(100)
  await turn()
  expect(fired).not.toHaveBeenCalled()
  await advance(100)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('F32 a touch after a blocked loop, before the timer got its turn, keeps it from firing', async () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(100)
  nowMs += 5_000
  timer.touch(nowMs)
  vi.advanceTimersByTime(100)
  await turn()
  expect(fired).not.toHaveBeenCalled()
  await advance(100)
  expect(fired).toHaveBeenCalledTimes(1)
})
