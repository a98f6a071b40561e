// The search says exactly what looking for each string in turn says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTextSearch } from './text-search.ts'

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '\u{1f600}'), minLength: 2, maxLength: 24 })

test('agrees with includes on texts made to collide', () => {
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), fc.array(letters, { maxLength: 20 }), (needles, pieces) => {
      const text = pieces.join('')
      expect(createTextSearch(needles)(text)).toBe(needles.some((needle) => text.includes(needle)))
    }),
    { numRuns: 5_000 },
  )
})

test('finds a string at every place of a text', () => {
  const search = createTextSearch(['needle-0001', 'another-needle-that-is-longer'])
  for (let at = 0; at < 100; at++) {
    expect(search(`${'x'.repeat(at)}needle-0001${'y'.repeat(100 - at)}`)).toBe(true)
    expect(search(`${'x'.repeat(at)}needle-0002${'y'.repeat(100 - at)}`)).toBe(false)
  }
  expect(search('')).toBe(false)
})
