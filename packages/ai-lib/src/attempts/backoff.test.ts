// Back-off: between nothing and an exponential bound, never above the cap.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoffBounds, backoffMs } from './backoff.ts'

it.each([
  [0, false, 50],
  [1, false, 100],
  [3, false, 400],
  [20, false, 20_000],
  [0, true, 1_000],
  [2, true, 4_000],
  [5, true, 20_000],
  [2_000, true, 20_000],
])('repeat %i (throttled: %s) waits less than %i ms', (attempt, isThrottled, bound) => {
  expect(backoffMs(attempt, isThrottled, 0)).toBe(0)
  expect(backoffMs(attempt, isThrottled, 0.5)).toBe(bound / 2)
  expect(backoffMs(attempt, isThrottled, 1 - Number.EPSILON)).toBe(bound - 1)
})

it('is a whole number within bounds for every repeat and draw', () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.nat(10_000), fc.boolean(), draw, (attempt, isThrottled, drawn) => {
      const waitMs = backoffMs(attempt, isThrottled, drawn)
      return Number.isInteger(waitMs) && waitMs >= 0 && waitMs < backoffBounds.capMs
    }),
  )
})
