// Reads the generated data: providers at once, their models' names when asked for, a model's prices last.
import type { CatalogueModel } from './catalogue-model.ts'
import { fits, type NameRule } from './name-rule.ts'
import { outputLimits } from './output-limits.ts'
import { readPriceRules } from './read-prices.ts'

/** One provider's models. */
export interface Shelf {
  readonly name: string
  /** Name in the source. */
  readonly source: string
  /** Providers whose models this one serves too. */
  readonly fallbacks: readonly string[]
  readonly entries: () => readonly Entry[]
}

export interface Entry {
  /** In lower case. */
  readonly rule: NameRule
  /** Names that the rule spells out, as the provider writes them. */
  readonly names: readonly string[]
  /** True where only longer names are models (`ft:gpt-4o-2024-…`): it has prices, but cannot be asked for itself. */
  readonly isFamily: boolean
  readonly model: () => CatalogueModel
}

/** @throws Error where the data is broken: it is ours, so that is a bug. */
export function readCatalogue(text: string): readonly Shelf[] {
  const parsed: unknown = JSON.parse(text)
  return listOf(parsed).map(readShelf)
}

function readShelf(value: unknown): Shelf {
  if (typeof value !== 'object' || value === null) throw new Error('catalogue: no provider')
  const fields: { name?: unknown; source?: unknown; fallbacks?: unknown; models?: unknown } = value
  const { name, source } = fields
  if (typeof name !== 'string' || typeof source !== 'string') throw new Error('catalogue: a provider without a name')
  const rows = listOf(fields.models)
  return {
    name,
    source,
    fallbacks: strings(fields.fallbacks),
    entries: once(() => rows.map((row) => readEntry(name, row))),
  }
}

function readEntry(provider: string, row: unknown): Entry {
  const [id, match, prices, contextWindow, deprecated] = listOf(row)
  if (typeof id !== 'string') throw new Error('catalogue: a model without a name')
  const spelled = readRule(match === 0 ? [`=${id}`] : match)
  const rule = spelled.map((entry) => (typeof entry === 'string' ? entry.toLowerCase() : entry))
  const equals = namesAfter('=', spelled)
  const isCallable = fits(rule, id.toLowerCase()) && !id.endsWith('-')
  const callableId = isCallable ? id : (equals[0] ?? id)
  return {
    rule,
    names: [...(isCallable ? [id] : []), ...equals, ...namesAfter('^', spelled)],
    isFamily: !isCallable && equals.length === 0,
    model: once(() => ({
      provider,
      id: callableId,
      ...(typeof contextWindow === 'number' && contextWindow > 0 ? { contextWindow } : {}),
      ...maxOutputOf(`${provider}/${callableId}`),
      isDeprecated: deprecated === 1,
      priceRules: readPriceRules(prices),
    })),
  }
}

function maxOutputOf(key: string): { readonly maxOutputTokens?: number } {
  const maxOutputTokens = outputLimits.get(key)
  return maxOutputTokens === undefined ? {} : { maxOutputTokens }
}

function readRule(value: unknown): NameRule {
  return listOf(value).map((entry) => (typeof entry === 'string' ? entry : strings(entry)))
}

function namesAfter(operator: string, rule: NameRule): readonly string[] {
  return rule.flatMap((entry) => (typeof entry === 'string' && entry[0] === operator ? [entry.slice(1)] : []))
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('catalogue: no list')
  return value
}

function strings(value: unknown): readonly string[] {
  return listOf(value).filter((entry) => typeof entry === 'string')
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
