// The scan says exactly what looking for each string at each place says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createNeedleScan } from './needle-scan.ts'

const letters = fc.string({ unit: fc.constantFrom('a', 'B', 'b', 'é', '\u{1f600}', '-'), minLength: 1, maxLength: 12 })

type Hit = readonly [string, number, number]

function hitsIn(needles: readonly string[], text: string): readonly Hit[] {
  const scan = createNeedleScan<string>()
  for (const needle of needles) scan.add(needle, needle)
  const hits: Hit[] = []
  scan.scan(text, (needle, from, to) => hits.push([needle, from, to]))
  return hits
}

const fold = (text: string): string => text.replaceAll('B', 'b')

test('agrees with looking at every place, on texts made to collide', () => {
  fc.assert(
    fc.property(fc.uniqueArray(letters, { maxLength: 8 }), fc.array(letters, { maxLength: 20 }), (needles, pieces) => {
      const text = pieces.join('')
      const expected = needles.flatMap((needle) =>
        Array.from({ length: text.length }, (_, from): Hit => [needle, from, from + needle.length]).filter(
          ([, from, to]) => needle.length >= 2 && to <= text.length && fold(text.slice(from, to)) === fold(needle),
        ),
      )
      const order = ([needle, from]: Hit): string => `${String(from).padStart(6, '0')} ${needle}`
      const sorted = (hits: readonly Hit[]): readonly string[] => hits.map(order).toSorted()
      expect(sorted(hitsIn(needles, text))).toEqual(sorted(expected))
      const scan = createNeedleScan<string>()
      for (const needle of needles) scan.add(needle, needle)
      expect(scan.mayHold(text)).toBe(expected.length > 0)
      expect(scan.mayHold(`${text}%`)).toBe(true)
      const places = hitsIn(needles, text).map(([, from]) => from)
      expect(places).toEqual(places.toSorted((left, right) => left - right))
    }),
    { numRuns: 3_000 },
  )
})

test('a string that is added later is found from then on', () => {
  const scan = createNeedleScan<number>()
  const found: number[] = []
  scan.add('first', 1)
  scan.scan('first second', (tag) => found.push(tag))
  scan.add('second', 2)
  scan.scan('FIRST SECOND', (tag) => found.push(tag))
  expect(found).toEqual([1, 1, 2])
})

test('texts of no and of one letter hold nothing', () => {
  expect(hitsIn(['ab'], '')).toEqual([])
  expect(hitsIn(['ab'], 'a')).toEqual([])
})
