// The catalogue says what its source says: every model of every provider, at several times and lengths of input.
import { calcPrice, findProvider, type MatchLogic, type ModelInfo } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { providerSpecs } from '../providers/registry.ts'
import { catalogueDate, catalogueSource, findModel, modelsOf, providersOfBareModel } from './catalogue.ts'
import { outputLimits } from './output-limits.ts'
import { type BilledTokens, costMicroUsd, pricesAt } from './prices.ts'

const listed = [...providerSpecs.values()].flatMap(({ name, catalogueName }) =>
  catalogueName === undefined ? [] : [{ name, source: catalogueName }],
)
const times = ['2024-05-01T00:00:00Z', '2026-11-23T02:30:00Z', '2026-11-23T05:00:00Z', '2027-02-01T23:59:59.5Z'].map(
  (time) => new Date(time),
)
const none = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  audioInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioOutputTokens: 0,
}
const bills: readonly BilledTokens[] = [
  { ...none, inputTokens: 1_000_000 },
  { ...none, inputTokens: 12_345, outputTokens: 678 },
  { ...none, inputTokens: 1000, cacheReadTokens: 150_000, cacheWriteTokens: 50_000, outputTokens: 4321 },
  { ...none, inputTokens: 1000, cacheReadTokens: 600_000, outputTokens: 4321, reasoningTokens: 100_000 },
  { ...none, inputTokens: 5000, audioInputTokens: 70_000, outputTokens: 10, audioOutputTokens: 9000 },
  ...[199_999, 200_000, 200_001, 271_999, 272_000, 272_001].map((inputTokens) => ({ ...none, inputTokens })),
]

/** The same tokens as the source counts them: totals that contain their parts. */
function sourceUsage(tokens: BilledTokens): Record<string, number> {
  return {
    input_tokens: tokens.inputTokens + tokens.cacheReadTokens + tokens.cacheWriteTokens + tokens.audioInputTokens,
    cache_read_tokens: tokens.cacheReadTokens,
    cache_write_tokens: tokens.cacheWriteTokens,
    input_audio_tokens: tokens.audioInputTokens,
    output_tokens: tokens.outputTokens + tokens.reasoningTokens + tokens.audioOutputTokens,
    output_reasoning_tokens: tokens.reasoningTokens,
    output_audio_tokens: tokens.audioOutputTokens,
  }
}

/** Names that a rule of the source should match. */
function samplesOf(match: MatchLogic): readonly string[] {
  if ('or' in match) return match.or.flatMap(samplesOf)
  if ('and' in match) return match.and.flatMap(samplesOf)
  if ('equals' in match) return [match.equals, match.equals.toUpperCase()]
  if ('starts_with' in match) return [match.starts_with, `${match.starts_with}-x`, `${match.starts_with}-20260102`]
  if ('contains' in match) return [match.contains, `x${match.contains}y`]
  if ('ends_with' in match) return [`x${match.ends_with}`]
  const dated = match.regex
    .replace(/^\^|\$$/g, '')
    .replaceAll(/\\d\{(\d)\}/g, (_, count: string) => '20260102'.slice(0, Number(count)))
  const plain = dated.replaceAll('\\d', '7').replaceAll(/\\(.)/g, '$1')
  return plain.includes('(?') ? [] : [plain]
}

const isForeign = (source: string, model: ModelInfo) =>
  (source === 'google' && (model.id.startsWith('claude') || model.id.endsWith('-maas'))) ||
  (source === 'openrouter' && !model.id.includes('/'))

describe.each(listed)('$name', ({ name, source }) => {
  const models = findProvider({ providerId: source })?.models ?? []
  const names = [...new Set(models.flatMap((model) => [model.id, ...samplesOf(model.match)]))]

  test('finds the model that the source finds, for every name that its rules spell out', () => {
    expect(models.length).toBeGreaterThan(0)
    for (const asked of names) {
      const theirs = calcPrice({ input_tokens: 1 }, asked, { providerId: source })
      const ours = findModel(name, asked)
      if (theirs && isForeign(source, theirs.model)) continue
      const found = theirs && {
        isIn: true,
        contextWindow: theirs.model.context_window,
        isDeprecated: theirs.model.deprecated ?? false,
      }
      const theirNames = theirs ? [theirs.model.id, ...samplesOf(theirs.model.match)] : []
      expect({ asked, found }).toEqual({
        asked,
        found: ours
          ? { isIn: theirNames.includes(ours.id), contextWindow: ours.contextWindow, isDeprecated: ours.isDeprecated }
          : null,
      })
    }
  })

  test('costs what the source says it costs, to the rounding of one micro-dollar', () => {
    let compared = 0
    for (const model of models.filter((candidate) => !isForeign(source, candidate))) {
      const asked = samplesOf(model.match)[0] ?? model.id
      const ours = findModel(name, asked)
      if (!ours) throw new Error(`${asked} is not found`)
      for (const at of times) {
        const prices = pricesAt(ours, at.getTime())
        for (const tokens of bills) {
          const theirs = calcPrice(sourceUsage(tokens), asked, { providerId: source, timestamp: at })
          const cost = prices && costMicroUsd(prices, tokens)
          if (cost === undefined) continue
          const expected = (theirs?.total_price ?? Number.NaN) * 1e6
          const isRight = Math.abs(Number(cost) - expected) <= 1.001
          expect({ asked, at, cost, expected, isRight }).toMatchObject({ isRight: true })
          compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(models.length)
  })
})

test('a name that nobody spelled out is found only where the source finds it', () => {
  const seeds = ['openai', 'anthropic', 'x-ai', 'deepseek', 'minimax'].flatMap((source) =>
    (findProvider({ providerId: source })?.models ?? []).flatMap((model) =>
      samplesOf(model.match).map((asked) => ({ source, asked })),
    ),
  )
  const edit = fc.record({ at: fc.nat(40), drop: fc.nat(2), put: fc.constantFrom('', '-', '0', '7', 'x', '.', '-tts') })
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edit, ({ source, asked }, { at, drop, put }) => {
      const changed = asked.slice(0, at) + put + asked.slice(at + drop)
      const theirs = calcPrice({ input_tokens: 1 }, changed, { providerId: source })
      expect(findModel(source, changed) !== undefined).toBe(theirs !== null)
    }),
    { numRuns: 2000 },
  )
})

describe('a known model', () => {
  test('has its published price', () => {
    const model = findModel('openai', 'gpt-4o')
    const prices = model && pricesAt(model, Date.UTC(2026, 10, 23))
    expect(prices?.rates).toEqual({
      inputMicroUsdPerMillion: 2_500_000n,
      cacheReadMicroUsdPerMillion: 1_250_000n,
      outputMicroUsdPerMillion: 10_000_000n,
    })
    expect(prices && costMicroUsd(prices, { ...none, inputTokens: 1000, outputTokens: 100 })).toBe(3500n)
  })

  test('is found by a dated snapshot, and by the source name of its provider', () => {
    expect(findModel('anthropic', 'claude-haiku-4-5-20251001')?.id).toBe('claude-haiku-4-5')
    expect(findModel('google', 'gemini-2.5-flash')).toEqual(findModel('gemini', 'gemini-2.5-flash'))
  })

  test('is found at a provider that resells it, under that provider', () => {
    expect(findModel('azure-openai', 'claude-opus-5')).toMatchObject({ provider: 'azure-openai', id: 'claude-opus-5' })
  })
})

describe('a bare name', () => {
  test('belongs to the providers that list exactly it', () => {
    expect(providersOfBareModel('gpt-4o')).toEqual(['openai'])
    expect(providersOfBareModel('claude-sonnet-5')).toEqual(['anthropic'])
    expect(providersOfBareModel('gemini-2.5-flash')).toEqual(['gemini'])
  })

  test('may be a dated snapshot of a listed name', () => {
    expect(providersOfBareModel('claude-haiku-4-5-20251001')).toEqual(['anthropic'])
    expect(providersOfBareModel('claude-3-5-haiku-20241022')).toEqual(['anthropic'])
    expect(providersOfBareModel('gpt-6-sol-2026-09-22')).toEqual(['openai'])
  })

  test('is nobody’s in another case, with other ends, or when it is a name of an object', () => {
    for (const name of [
      'GPT-4o',
      'gpt-4o ',
      'gpt-4o-evil',
      'claude-haiku-4-5-20251301',
      'constructor',
      '__proto__',
      '',
    ]) {
      expect([name, providersOfBareModel(name)]).toEqual([name, []])
    }
  })

  test('is not looked up when it is absurdly long', () => {
    expect(providersOfBareModel('a'.repeat(1_000_000))).toEqual([])
    expect(findModel('openai', 'gpt-4o'.repeat(100_000))).toBeUndefined()
  })
})

test('every provider that the catalogue knows has models whose names it finds again', () => {
  for (const { name } of listed) {
    expect(modelsOf(name).length).toBeGreaterThan(0)
    for (const model of modelsOf(name)) expect(findModel(name, model.id)).toEqual(model)
  }
})

test('every default chat model of a provider in the catalogue is in it', () => {
  for (const { name, catalogueName, defaultChatModel } of providerSpecs.values()) {
    if (catalogueName === undefined || defaultChatModel === undefined) continue
    const model = findModel(name, defaultChatModel)
    expect([name, defaultChatModel, model?.isDeprecated]).toEqual([name, defaultChatModel, false])
  }
})

test('every output limit belongs to a model of the catalogue and fits its context', () => {
  for (const [key, tokens] of outputLimits) {
    const [provider = '', ...rest] = key.split('/')
    const model = findModel(provider, rest.join('/'))
    const fitsContext = (model?.contextWindow ?? tokens) >= tokens
    expect([key, model?.maxOutputTokens, fitsContext]).toEqual([key, tokens, true])
  }
})

test('an unknown provider has no models', () => {
  expect(modelsOf('nobody')).toEqual([])
  expect(findModel('nobody', 'gpt-4o')).toBeUndefined()
  expect(findModel('__proto__', 'gpt-4o')).toBeUndefined()
})

test('the catalogue names its source and its date', () => {
  expect(catalogueSource).toMatch(/^@pydantic\/genai-prices \d/)
  expect(catalogueDate).toMatch(/^20\d\d-\d\d-\d\d$/)
})
