// Reads the prices of one row of the data into named rates.
import type { PricePeriod, PriceRule, Prices, Rates, Tier } from './catalogue-model.ts'

type Fields = Readonly<Record<string, unknown>>

/** The rules of a row: one set of rates, or a list of conditions with theirs. @throws Error where the data is broken. */
export function readPriceRules(value: unknown): readonly PriceRule[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [[null, value]]
  return list.flatMap((entry: unknown) => {
    if (!Array.isArray(entry) || !isFields(entry[1])) throw new Error('catalogue: no price rule')
    const prices = readPrices(entry[1])
    return prices ? [{ period: readPeriod(entry[0]), prices }] : []
  })
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readPeriod(value: unknown): PricePeriod {
  if (value === null) return { kind: 'always' }
  if (typeof value === 'string') return { kind: 'since', fromMs: Date.parse(value) }
  if (!Array.isArray(value)) throw new Error('catalogue: no period')
  return { kind: 'daily', fromSecond: numberAt(value, 0), untilSecond: numberAt(value, 1) }
}

/** Undefined where a model is billed in units that usage does not count (hours, pages). */
function readPrices(fields: Fields): Prices | undefined {
  if (Object.keys(fields).length === 0) return undefined
  const starts = new Set(Object.values(fields).flatMap((price) => (Array.isArray(price) ? tierStarts(price) : [])))
  const tiers: readonly Tier[] = [...starts]
    .sort((a, b) => a - b)
    .map((start) => ({ aboveInputTokens: start, rates: readRates(fields, start) }))
  const perRequest = fields['q']
  return {
    rates: readRates(fields, -1),
    tiers,
    perRequestMicroUsd: typeof perRequest === 'number' ? BigInt(perRequest) : 0n,
  }
}

function readRates(fields: Fields, start: number): Rates {
  return {
    ...rate('inputMicroUsdPerMillion', fields['i'], start),
    ...rate('cacheReadMicroUsdPerMillion', fields['r'], start),
    ...rate('cacheWriteMicroUsdPerMillion', fields['w'], start),
    ...rate('cacheWriteHourMicroUsdPerMillion', fields['W'], start),
    ...rate('audioInputMicroUsdPerMillion', fields['a'], start),
    ...rate('outputMicroUsdPerMillion', fields['o'], start),
    ...rate('reasoningMicroUsdPerMillion', fields['g'], start),
    ...rate('audioOutputMicroUsdPerMillion', fields['A'], start),
  }
}

function rate(name: keyof Rates, price: unknown, start: number): Rates {
  if (price === undefined) return {}
  if (typeof price === 'number') return { [name]: BigInt(price) }
  if (!Array.isArray(price)) throw new Error('catalogue: no price')
  const tier = tierStarts(price).findLastIndex((from) => from <= start)
  return { [name]: BigInt(numberAt(price, tier < 0 ? 0 : 2 * tier + 2)) }
}

/** A tiered price is its base, then pairs of where a tier starts and what it costs. */
function tierStarts(price: readonly unknown[]): number[] {
  return price.flatMap((value, index) => (index % 2 === 1 && typeof value === 'number' ? [value] : []))
}

function numberAt(list: readonly unknown[], index: number): number {
  const value = list[index]
  if (typeof value !== 'number') throw new Error('catalogue: no number')
  return value
}
