// What an exchange cost, by the catalogue's prices, for a configuration's own names of providers.
import { type CatalogueModel, findModel } from 'ai-lib/internal/catalog/catalogue'
import { costMicroUsd, pricesAt } from 'ai-lib/internal/catalog/prices'
import type { Usage } from 'ai-lib/internal/chat/usage'
import type { Config } from '../config/config.ts'

/** Micro-USD of what a provider reported; undefined where a price is unknown, which is not zero. */
export type PriceList = (provider: string, model: string, usage: Usage) => bigint | undefined

/** Names that are remembered at most: they come from clients too. */
const maxRemembered = 1_000

export function createPriceList(config: Pick<Config, 'providers'>, dateMs: () => number): PriceList {
  const remembered = new Map<string, CatalogueModel | undefined>()
  return (provider, model, usage) => {
    const name = `${provider} ${model}`
    if (!remembered.has(name)) {
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(name, findModel(config.providers.get(provider)?.kind ?? provider, model))
    }
    const facts = remembered.get(name)
    const prices = facts && pricesAt(facts, dateMs())
    return prices && costMicroUsd(prices, usage)
  }
}
