// The retry budget: a few repeats in hand, then a fifth of first attempts.
import { expect, it } from 'vitest'
import { RetryBudget, retryBudgetBounds } from './retry-budget.ts'

function drawAll(budget: RetryBudget): number {
  let drawn = 0
  while (drawn < 1_000 && budget.draw()) drawn++
  return drawn
}

it('has its repeats in hand for quiet times, and no more', () => {
  const budget = new RetryBudget()
  expect(drawAll(budget)).toBe(retryBudgetBounds.inHand)
  expect(budget.draw()).toBe(false)
})

it('allows a fifth of first attempts once the hand is empty', () => {
  const budget = new RetryBudget()
  drawAll(budget)
  let drawn = 0
  for (let attempt = 0; attempt < 1_000; attempt++) {
    budget.deposit()
    if (budget.draw()) drawn++
  }
  expect(drawn).toBeGreaterThanOrEqual(199)
  expect(drawn).toBeLessThanOrEqual(200)
})

it('saves nothing up beyond its hand, however long all was well', () => {
  const budget = new RetryBudget()
  for (let attempt = 0; attempt < 100_000; attempt++) budget.deposit()
  expect(drawAll(budget)).toBe(retryBudgetBounds.inHand)
})
