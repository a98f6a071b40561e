// Deadlines that move, with a clock that the test holds.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LazyTimer } from './lazy-timer.ts'

let nowMs = 0
beforeEach(() => {
  nowMs = 0
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function advance(ms: number): void {
  for (let passed = 0; passed < ms; passed += 1) {
    nowMs += 1
    vi.advanceTimersByTime(1)
  }
}

test('fires once when the span has passed without a touch', () => {
  const fired = vi.fn<() => void>()
  new LazyTimer(fired, () => nowMs).arm(100)
  advance(99)
  expect(fired).not.toHaveBeenCalled()
  advance(500)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('touches move the deadline and never need more than one real timer', () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(100)
  for (let frame = 0; frame < 50; frame += 1) {
    advance(10)
    timer.touch(nowMs)
    expect(vi.getTimerCount()).toBe(1)
  }
  advance(99)
  expect(fired).not.toHaveBeenCalled()
  advance(1)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('a cleared timer does not fire, an armed one starts over', () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(10)
  timer.clear()
  advance(50)
  expect(fired).not.toHaveBeenCalled()
  timer.arm(10)
  advance(5)
  timer.arm(20)
  advance(19)
  expect(fired).not.toHaveBeenCalled()
  advance(1)
  expect(fired).toHaveBeenCalledTimes(1)
})

test('F32 a touch after a blocked loop, before the timer got its turn, keeps it from firing', () => {
  const fired = vi.fn<() => void>()
  const timer = new LazyTimer(fired, () => nowMs)
  timer.arm(100)
  nowMs += 5_000
  timer.touch(nowMs)
  vi.advanceTimersByTime(100)
  expect(fired).not.toHaveBeenCalled()
  advance(100)
  expect(fired).toHaveBeenCalledTimes(1)
})
