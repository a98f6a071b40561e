// The no-op metrics take every call; a timer records once, in milliseconds.
import { expect, test } from 'vitest'
import { noopMetrics, startTimer } from './metrics.ts'

test('the no-op takes every call and its timer measures', () => {
  noopMetrics.incrCounter('requests')
  noopMetrics.incrCounter('requests', 2, { provider: 'openai' })
  noopMetrics.recordGauge('open', 1)
  noopMetrics.recordHistogram('seconds', 0.1, {})
  noopMetrics.recordError('provider_failed')
  noopMetrics.recordSuccess()
  expect(noopMetrics.startTimer('seconds').stop()).toBeGreaterThanOrEqual(0)
})

test('a timer records once and gives the same time after that', () => {
  const recorded: number[] = []
  let now = 100
  const timer = startTimer(
    (elapsedMs) => recorded.push(elapsedMs),
    () => now,
  )
  now = 142.5
  expect(timer.stop()).toBe(42.5)
  now = 999
  expect(timer.stop()).toBe(42.5)
  expect(recorded).toEqual([42.5])
})
