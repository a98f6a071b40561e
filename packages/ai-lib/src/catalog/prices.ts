// What tokens cost: the prices that hold at a time, the tier that an input's length is in, and their sum.
import type { CatalogueModel, PricePeriod, Prices, Rates } from './catalogue-model.ts'

/** Token counts in disjoint classes, as `Usage` has them. */
export interface BilledTokens {
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly audioInputTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  readonly audioOutputTokens: number
}

/** The prices of a model at a time (milliseconds since the epoch); undefined where the catalogue has none. */
export function pricesAt(model: CatalogueModel, atMs: number): Prices | undefined {
  const rule = model.priceRules.findLast(({ period }) => holds(period, atMs)) ?? model.priceRules[0]
  return rule?.prices
}

function holds(period: PricePeriod, atMs: number): boolean {
  if (period.kind === 'always') return true
  if (period.kind === 'since') return atMs >= period.fromMs
  const second = (atMs / 1000) % 86_400
  const { fromSecond, untilSecond } = period
  if (untilSecond < fromSecond) return second >= fromSecond || second < untilSecond
  return second >= fromSecond && second < untilSecond
}

/** A million tokens read and a million written, in micro-USD: enough to say which of two models is cheaper. */
export function comparablePrice(model: CatalogueModel, atMs: number): number | undefined {
  const rates = pricesAt(model, atMs)?.rates
  if (rates?.inputMicroUsdPerMillion === undefined || rates.outputMicroUsdPerMillion === undefined) return undefined
  return Number(rates.inputMicroUsdPerMillion + rates.outputMicroUsdPerMillion)
}

/** The rates for a request whose whole input, cached tokens included, has this length. */
export function ratesFor(prices: Prices, totalInputTokens: number): Rates {
  return prices.tiers.findLast((tier) => totalInputTokens > tier.aboveInputTokens)?.rates ?? prices.rates
}

/**
 * What a request cost, in micro-USD, rounded half up once at the end. A class without a price of its own is billed
 * as plain input or output; undefined where that has none either, because an unknown price is not zero. Cache writes
 * are billed at the five-minute rate: usage does not say how long they live.
 */
export function costMicroUsd(prices: Prices, tokens: BilledTokens): bigint | undefined {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, audioInputTokens } = tokens
  const rates = ratesFor(prices, inputTokens + cacheReadTokens + cacheWriteTokens + audioInputTokens)
  const input = rates.inputMicroUsdPerMillion
  const output = rates.outputMicroUsdPerMillion
  const bill: readonly (readonly [count: number, rate: bigint | undefined])[] = [
    [inputTokens, input],
    [cacheReadTokens, rates.cacheReadMicroUsdPerMillion ?? input],
    [cacheWriteTokens, rates.cacheWriteMicroUsdPerMillion ?? input],
    [audioInputTokens, rates.audioInputMicroUsdPerMillion ?? input],
    [tokens.outputTokens, output],
    [tokens.reasoningTokens, rates.reasoningMicroUsdPerMillion ?? output],
    [tokens.audioOutputTokens, rates.audioOutputMicroUsdPerMillion ?? output],
  ]
  let sum = 0n
  for (const [count, rate] of bill) {
    if (count <= 0) continue
    if (rate === undefined) return undefined
    sum += BigInt(Math.trunc(count)) * rate
  }
  return (sum + 500_000n) / 1_000_000n + prices.perRequestMicroUsd
}
