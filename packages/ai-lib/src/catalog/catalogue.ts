// The models we know, by provider and name: what they cost, how much they read and write. Parsed when first asked for.
import type { CatalogueModel } from './catalogue-model.ts'
import { builtOn, modelsText, sourceVersion } from './data/models.ts'
import { withDashedDate, withoutDate } from './dated-name.ts'
import { fits } from './name-rule.ts'
import { readCatalogue, type Shelf } from './read-catalogue.ts'

export type { CatalogueModel, PricePeriod, PriceRule, Prices, Rates, Tier } from './catalogue-model.ts'

/** Where context windows and prices come from. Output limits name their sources in output-limits.ts. */
export const catalogueSource = `@pydantic/genai-prices ${sourceVersion}`
/** The day the data was built, as YYYY-MM-DD. */
export const catalogueDate = builtOn

/** No vendor's names come near; longer ones are not looked up. */
const longestName = 256

let shelves: ReadonlyMap<string, Shelf> | undefined
let listings: ReadonlyMap<string, readonly string[]> | undefined

/**
 * What is known about a provider's model, dated snapshots included; undefined where nothing is. Case does not count.
 * The provider may be named as this library or as the catalogue's source names it.
 *
 * @example
 * ```ts
 * import { findModel } from 'ai-lib/internal/catalog/catalogue'
 * import { pricesAt } from 'ai-lib/internal/catalog/prices'
 * const model = findModel('anthropic', 'claude-haiku-4-5-20251001')
 * const prices = model && pricesAt(model, Date.now())
 * console.log(prices?.rates.inputMicroUsdPerMillion)
 * ```
 */
export function findModel(provider: string, model: string): CatalogueModel | undefined {
  const shelf = allShelves().get(provider)
  if (!shelf || model.length > longestName) return undefined
  const name = model.toLowerCase()
  return findOn(shelf, name) ?? findOn(shelf, withDashedDate(name))
}

/** The models of a provider that can be asked for by their id, in the source's order; empty where it is unknown. */
export function modelsOf(provider: string): readonly CatalogueModel[] {
  const entries = allShelves().get(provider)?.entries() ?? []
  return entries.filter(({ isFamily }) => !isFamily).map(({ model }) => model())
}

/**
 * The providers that list exactly this name, or the model that it is a dated snapshot of. Exact means letter for
 * letter: routing must not widen what a caller was allowed.
 */
export function providersOfBareModel(model: string): readonly string[] {
  if (model.length > longestName) return []
  const base = withoutDate(model)
  return allListings().get(model) ?? (base === undefined ? undefined : allListings().get(base)) ?? []
}

function findOn(shelf: Shelf, name: string): CatalogueModel | undefined {
  const own = shelf.entries().find(({ rule }) => fits(rule, name))
  if (own) return own.model()
  for (const fallback of shelf.fallbacks) {
    const other = allShelves().get(fallback)
    const found = other && findOn(other, name)
    if (found) return { ...found, provider: shelf.name }
  }
  return undefined
}

function allShelves(): ReadonlyMap<string, Shelf> {
  if (shelves) return shelves
  const list = readCatalogue(modelsText)
  shelves = new Map([...list.map((shelf) => [shelf.source, shelf] as const), ...list.map((s) => [s.name, s] as const)])
  return shelves
}

function allListings(): ReadonlyMap<string, readonly string[]> {
  if (listings) return listings
  const found = new Map<string, Set<string>>()
  for (const shelf of allShelves().values()) {
    for (const name of shelf.entries().flatMap(({ names }) => names)) {
      const providers = found.get(name)
      if (providers) providers.add(shelf.name)
      else found.set(name, new Set([shelf.name]))
    }
  }
  listings = new Map([...found].map(([name, providers]) => [name, [...providers]]))
  return listings
}
