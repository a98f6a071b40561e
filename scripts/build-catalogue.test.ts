// The catalogue's data on disk is what the script makes of the installed source, and unknown rules stop the build.
import { expect, test } from 'vitest'
import {
  buildCatalogue,
  catalogueOnDisk,
  compileMatch,
  compilePrices,
  compileRegex,
  dateOnDisk,
} from './build-catalogue.js'

test('the data on disk is current', () => {
  // Not compared by expect: a difference of 80 KB is no message.
  const isCurrent = buildCatalogue(dateOnDisk()) === catalogueOnDisk()
  expect(isCurrent ? 'current' : 'stale: run node scripts/build-catalogue.js').toBe('current')
})

test('regular expressions become shapes', () => {
  expect(compileRegex('^gpt-5\\.6-sol-\\d{4}-\\d{2}-\\d{2}$')).toBe('#gpt-5.6-sol-####-##-##')
  expect(compileRegex('^gemini-3\\.5-flash-\\d')).toBe('~gemini-3.5-flash-#')
  expect(compileRegex('^(?!.*-[tT][tT][sS](?:$|-))')).toBe('!tts')
})

test.each(['o[134]', '^gpt.4$', '^a+$', '^(a|b)$', '^a\\w$', 'gpt-4$', '^(?!x)'])('%s stops the build', (source) => {
  expect(() => compileRegex(source)).toThrow('unknown regular expression')
})

test('alternatives are flattened, conjunctions kept, unknown matches refused', () => {
  expect(compileMatch({ or: [{ equals: 'a' }, { or: [{ starts_with: 'b' }, { contains: 'c' }] }] })).toEqual([
    '=a',
    '^b',
    '*c',
  ])
  expect(compileMatch({ and: [{ starts_with: 'a' }, { ends_with: 'b' }] })).toEqual([['^a', '$b']])
  expect(() => compileMatch({ sounds_like: 'a' })).toThrow('unknown match')
})

test('prices become whole micro-dollars with their tiers and times', () => {
  expect(compilePrices({ input_mtok: 0.0028, output_mtok: { base: 1, tiers: [{ start: 9, price: 2 }] } })).toEqual({
    i: 2800,
    o: [1_000_000, 9, 2_000_000],
  })
  expect(compilePrices({ requests_kcount: 12, web_searches_kcount: 5 })).toEqual({ q: 12_000 })
  const daily = { type: 'time_of_date', start_time: '01:00:00Z', end_time: '04:00:00Z' }
  expect(
    compilePrices([
      { prices: {} },
      { constraint: { type: 'start_date', start_date: '2026-08-17' }, prices: {} },
      { constraint: daily, prices: {} },
    ]),
  ).toEqual([
    [null, {}],
    ['2026-08-17', {}],
    [[3600, 14_400], {}],
  ])
  expect(() => compilePrices([{ constraint: { type: 'full_moon' }, prices: {} }])).toThrow('unknown constraint')
})
