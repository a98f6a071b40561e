// Whatever an application's metrics do, the caller hears nothing of it.
import { expect, test } from 'vitest'
import { GuardedMetrics } from './guarded-metrics.ts'
import type { Metrics } from './metrics.ts'

function useAll(metrics: Partial<Metrics>): void {
  const guarded = new GuardedMetrics(metrics)
  guarded.incrCounter('a', 1, {})
  guarded.recordGauge('a', 1, {})
  guarded.recordHistogram('a', 1, {})
  guarded.recordError('a', {})
  guarded.recordSuccess({})
  guarded.startTimer('a', {})()
}

const names = ['incrCounter', 'recordGauge', 'recordHistogram', 'recordError', 'recordSuccess', 'startTimer'] as const

test('methods that are missing, throw or reject break nothing', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  useAll({})
  const broken = (make: () => never | Promise<never>) => Object.fromEntries(names.map((name) => [name, make]))
  useAll(
    broken(() => {
      throw new Error('thrown')
    }),
  )
  useAll(broken(() => Promise.reject(new Error('rejected'))))
  useAll({
    startTimer: () => ({
      stop: () => {
        throw new Error('thrown by the timer')
      },
    }),
  })
  useAll({ startTimer: async () => ({ stop: () => Promise.reject(new Error('rejected by the timer')) }) })
  await new Promise((resolve) => setTimeout(resolve, 10))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('a timer that is still being started is stopped once it is there', async () => {
  let stopped = 0
  const guarded = new GuardedMetrics({ startTimer: async () => ({ stop: () => void stopped++ }) })
  guarded.startTimer('a', {})()
  await Promise.resolve()
  await Promise.resolve()
  expect(stopped).toBe(1)
})

test('methods keep their object', () => {
  class Counting {
    count = 0
    incrCounter(_name: string, value = 1): void {
      this.count += value
    }
  }
  const counting = new Counting()
  useAll(counting)
  expect(counting.count).toBe(1)
})
