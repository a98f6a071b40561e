// What the catalogue says about one model.

/** Micro-USD per million tokens of each class; a class without a price of its own is billed as `priceOf` says. */
export interface Rates {
  readonly inputMicroUsdPerMillion?: bigint
  readonly cacheReadMicroUsdPerMillion?: bigint
  readonly cacheWriteMicroUsdPerMillion?: bigint
  /** Cache writes that live for an hour (Anthropic). */
  readonly cacheWriteHourMicroUsdPerMillion?: bigint
  readonly audioInputMicroUsdPerMillion?: bigint
  readonly outputMicroUsdPerMillion?: bigint
  readonly reasoningMicroUsdPerMillion?: bigint
  readonly audioOutputMicroUsdPerMillion?: bigint
}

/** Rates that hold for the whole request once its input is longer than this. */
export interface Tier {
  readonly aboveInputTokens: number
  readonly rates: Rates
}

export interface Prices {
  readonly rates: Rates
  /** By rising `aboveInputTokens`; each names all its rates. */
  readonly tiers: readonly Tier[]
  /** Added once per request. */
  readonly perRequestMicroUsd: bigint
}

/** When a set of prices holds. */
export type PricePeriod =
  | { readonly kind: 'always' }
  | { readonly kind: 'since'; readonly fromMs: number }
  /** Every day, in seconds since midnight UTC; from after until means that it spans midnight. */
  | { readonly kind: 'daily'; readonly fromSecond: number; readonly untilSecond: number }

export interface PriceRule {
  readonly period: PricePeriod
  readonly prices: Prices
}

export interface CatalogueModel {
  /** As this library names it. */
  readonly provider: string
  /** As the provider's API takes it. */
  readonly id: string
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
  readonly isDeprecated: boolean
  /** The last rule that holds wins; where none does, the first. Ask `pricesAt`. */
  readonly priceRules: readonly PriceRule[]
}
