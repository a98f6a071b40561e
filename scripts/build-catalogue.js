// `node scripts/build-catalogue.js` writes the catalogue's data from @pydantic/genai-prices; run it after an update of that package.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { findProvider } from '@pydantic/genai-prices'
import { providerSpecs } from '../packages/ai-lib/src/providers/registry.ts'

const file = join(import.meta.dirname, '../packages/ai-lib/src/catalog/data/models.ts')
const priceKeys = {
  input_mtok: 'i',
  output_mtok: 'o',
  cache_read_mtok: 'r',
  cache_write_mtok: 'w',
  cache_write_1h_mtok: 'W',
  input_audio_mtok: 'a',
  output_audio_mtok: 'A',
  output_reasoning_mtok: 'g',
}
const operators = { equals: '=', starts_with: '^', ends_with: '$', contains: '*' }

/** Names that belong to another endpoint of the same vendor than the one we call, or that it no longer takes. */
const foreign = {
  // Claude and `-maas` models are Vertex AI's, not the Gemini API's.
  google: (id) => id.startsWith('claude') || id.endsWith('-maas'),
  // OpenRouter's names carry their author; those without are aliases of old.
  openrouter: (id) => !id.includes('/'),
}

/** A match rule of the source as a list of alternatives in our own small language (see name-rule.ts). */
export function compileMatch(match) {
  if (match.or) return match.or.flatMap(compileMatch)
  if (match.and) return [match.and.map(compileSingle)]
  return [compileSingle(match)]
}

function compileSingle(match) {
  const [[kind, value]] = Object.entries(match)
  if (kind === 'regex') return compileRegex(value)
  if (!(kind in operators)) throw new Error(`unknown match: ${JSON.stringify(match)}`)
  return operators[kind] + value
}

/** The few shapes of regular expressions in the data, as rules without one; anything new stops the build. */
export function compileRegex(source) {
  const lacks = /^\^\(\?!\.\*-\[(\w)\w\]\[(\w)\w\]\[(\w)\w\]\(\?:\$\|-\)\)$/.exec(source)
  if (lacks) return `!${lacks[1]}${lacks[2]}${lacks[3]}`
  const isWhole = source.endsWith('$')
  const body = source.slice(1, isWhole ? -1 : undefined)
  const shape = body
    .replaceAll(/\\d\{(\d)\}/g, (_, count) => '#'.repeat(Number(count)))
    .replaceAll('\\d', '#')
    .replaceAll(/\\([.[\]])/g, '$1')
  const isPlain = /^[\w./#-]+$/.test(shape) && !/(?<!\\)[.]/.test(body)
  if (!source.startsWith('^') || !isPlain) throw new Error(`unknown regular expression: ${source}`)
  return `${isWhole ? '#' : '~'}${shape}`
}

/** Prices in integer micro-USD per million tokens, with the conditions under which each set holds. */
export function compilePrices(prices) {
  if (!Array.isArray(prices)) return compileRates(prices)
  return prices.map(({ constraint, prices: rates }) => [compileConstraint(constraint), compileRates(rates)])
}

function compileConstraint(constraint) {
  if (constraint === undefined) return null
  if (constraint.type === 'start_date') return constraint.start_date
  if (constraint.type === 'time_of_date') return [secondOfDay(constraint.start_time), secondOfDay(constraint.end_time)]
  throw new Error(`unknown constraint: ${JSON.stringify(constraint)}`)
}

function secondOfDay(time) {
  const match = /^(\d\d):(\d\d):(\d\d)Z$/.exec(time)
  if (!match) throw new Error(`unknown time of day: ${time}`)
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3])
}

function compileRates(prices) {
  const rates = {}
  for (const [key, price] of Object.entries(prices)) {
    // Dollars per thousand requests; what the source counts in other units (hours, pages, searches) has no place in our usage.
    if (key === 'requests_kcount') rates.q = Math.round(price * 1000)
    else if (key in priceKeys) rates[priceKeys[key]] = compileRate(price)
  }
  return rates
}

function compileRate(price) {
  if (typeof price === 'number') return Math.round(price * 1e6)
  const tiers = [...price.tiers].sort((a, b) => a.start - b.start)
  return [Math.round(price.base * 1e6), ...tiers.flatMap((tier) => [tier.start, Math.round(tier.price * 1e6)])]
}

function compileModel(model) {
  const match = compileMatch(model.match)
  const isOwnName = match.length === 1 && match[0] === `=${model.id}`
  const row = [model.id, isOwnName ? 0 : match, compilePrices(model.prices), model.context_window ?? 0]
  return model.deprecated ? [...row, 1] : row
}

function compileProvider(source) {
  const provider = findProvider({ providerId: source })
  if (provider?.id !== source) throw new Error(`no such provider in the source: ${source}`)
  const models = provider.models.filter((model) => !foreign[source]?.(model.id))
  return { models: models.map(compileModel), fallbacks: provider.fallback_model_providers ?? [] }
}

/** The whole data module, as of a date. */
export function buildCatalogue(date) {
  const specs = [...providerSpecs.values()].filter((spec) => spec.catalogueName !== undefined)
  const nameOf = new Map(specs.map((spec) => [spec.catalogueName, spec.name]))
  const blocks = specs.map(({ name, catalogueName }) => {
    const { models, fallbacks } = compileProvider(catalogueName)
    const known = fallbacks.map((fallback) => nameOf.get(fallback)).filter((fallback) => fallback !== undefined)
    const head = JSON.stringify({ name, source: catalogueName, fallbacks: known }).slice(0, -1)
    return `${head},"models":[\n${models.map((model) => JSON.stringify(model)).join(',\n')}\n]}`
  })
  const text = `[\n${blocks.join(',\n')}\n]`
  if (/[`\\]|\$\{/.test(text)) throw new Error('the data holds a character that a template literal would change')
  return moduleText(text, date)
}

function moduleText(text, date) {
  const require = createRequire(import.meta.url)
  const folder = join(require.resolve('@pydantic/genai-prices'), '../..')
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const licence = readFileSync(join(folder, 'LICENSE'), 'utf8').trim()
  return `// Models, context windows and prices, generated by scripts/build-catalogue.js: do not edit.
/*!
Data from @pydantic/genai-prices ${version}.

${licence}
*/
export const sourceVersion = '${version}'
export const builtOn = '${date}'
/** JSON: parsed when first asked for. */
export const modelsText: string = \`${text}\`
`
}

/** The date that the data on disk carries, or today's where there is none. */
export function dateOnDisk() {
  try {
    return /builtOn = '([\d-]+)'/.exec(readFileSync(file, 'utf8'))[1]
  } catch {
    // No data yet: the first build.
    return new Date().toISOString().slice(0, 10)
  }
}

/** The data module on disk. */
export function catalogueOnDisk() {
  return readFileSync(file, 'utf8')
}

if (process.argv[1] === import.meta.filename) {
  const today = new Date().toISOString().slice(0, 10)
  const date = dateOnDisk()
  const isUnchanged = (() => {
    try {
      return buildCatalogue(date) === catalogueOnDisk()
    } catch {
      // No data yet.
      return false
    }
  })()
  if (!isUnchanged) writeFileSync(file, buildCatalogue(today))
  process.stdout.write(`${isUnchanged ? 'unchanged' : 'written'}: ${file}\n`)
}
