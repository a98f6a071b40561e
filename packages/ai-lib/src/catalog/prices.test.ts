// Which prices hold when, and how tokens add up.
import { describe, expect, test } from 'vitest'
import type { CatalogueModel, PricePeriod, Prices } from './catalogue-model.ts'
import { costMicroUsd, pricesAt, ratesFor } from './prices.ts'
import { readPriceRules } from './read-prices.ts'

const none = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  audioInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioOutputTokens: 0,
}

function priced(perMillion: bigint): Prices {
  return { rates: { inputMicroUsdPerMillion: perMillion }, tiers: [], perRequestMicroUsd: 0n }
}

function modelWith(...rules: readonly (readonly [PricePeriod, bigint])[]): CatalogueModel {
  const priceRules = rules.map(([period, price]) => ({ period, prices: priced(price) }))
  return { provider: 'p', id: 'm', isDeprecated: false, priceRules }
}

const inputAt = (model: CatalogueModel, time: string) =>
  pricesAt(model, Date.parse(time))?.rates.inputMicroUsdPerMillion

describe('prices at a time', () => {
  test('are those of the last rule that holds', () => {
    const model = modelWith([{ kind: 'always' }, 1n], [{ kind: 'since', fromMs: Date.parse('2026-08-17') }, 2n])
    expect(inputAt(model, '2026-08-16T23:59:59.999Z')).toBe(1n)
    expect(inputAt(model, '2026-08-17T00:00:00Z')).toBe(2n)
  })

  test('can differ by the hour, also across midnight', () => {
    const day = modelWith([{ kind: 'always' }, 1n], [{ kind: 'daily', fromSecond: 3600, untilSecond: 7200 }, 2n])
    expect(['00:59:59', '01:00:00', '01:59:59', '02:00:00'].map((t) => inputAt(day, `2026-01-01T${t}Z`))).toEqual([
      1n,
      2n,
      2n,
      1n,
    ])
    const night = modelWith([{ kind: 'always' }, 1n], [{ kind: 'daily', fromSecond: 82_800, untilSecond: 3600 }, 2n])
    expect(['22:59:59', '23:00:00', '00:59:59', '01:00:00'].map((t) => inputAt(night, `2026-01-01T${t}Z`))).toEqual([
      1n,
      2n,
      2n,
      1n,
    ])
  })

  test('fall back to the first rule, and are unknown without one', () => {
    const later = modelWith([{ kind: 'since', fromMs: Date.parse('2030-01-01') }, 7n])
    expect(inputAt(later, '2026-01-01T00:00:00Z')).toBe(7n)
    expect(pricesAt(modelWith(), 0)).toBeUndefined()
  })
})

describe('the cost of tokens', () => {
  const [rule] = readPriceRules({ i: [2_000_000, 200_000, 4_000_000], o: 10_000_000, r: 200_000, q: 12_000 })
  if (!rule) throw new Error('no rule')
  const { prices } = rule

  test('takes the tier of the whole input, cached tokens included', () => {
    expect(ratesFor(prices, 200_000).inputMicroUsdPerMillion).toBe(2_000_000n)
    expect(ratesFor(prices, 200_001).inputMicroUsdPerMillion).toBe(4_000_000n)
    expect(ratesFor(prices, 200_001).outputMicroUsdPerMillion).toBe(10_000_000n)
    const tokens = { ...none, inputTokens: 1, cacheReadTokens: 200_000 }
    expect(costMicroUsd(prices, tokens)).toBe(4n + 40_000n + 12_000n)
  })

  test('bills a class without a price of its own as plain input or output', () => {
    const tokens = { ...none, cacheWriteTokens: 1000, audioInputTokens: 1000, reasoningTokens: 1000 }
    expect(costMicroUsd(prices, tokens)).toBe(2000n + 2000n + 10_000n + 12_000n)
  })

  test('is unknown, not zero, where a class has no price at all', () => {
    expect(costMicroUsd(priced(5n), { ...none, outputTokens: 1 })).toBeUndefined()
    expect(costMicroUsd(priced(5n), none)).toBe(0n)
  })

  test('is rounded once, half up', () => {
    expect(costMicroUsd(priced(500_000n), { ...none, inputTokens: 1 })).toBe(1n)
    expect(costMicroUsd(priced(499_999n), { ...none, inputTokens: 1 })).toBe(0n)
    expect(costMicroUsd(priced(499_999n), { ...none, inputTokens: 1, cacheReadTokens: 1 })).toBe(1n)
  })

  test('of a model billed in other units than tokens is unknown', () => {
    expect(readPriceRules({})).toEqual([])
  })
})
