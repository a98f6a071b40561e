import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spliceBytes } from './json-splice.ts'
import { joinPieces, lengthOf, splicePieces } from './pieces.ts'

const body = fc.uint8Array({ minLength: 0, maxLength: 300 })

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].toSorted((left, right) => left - right)
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length))
}

test('splicing pieces gives the bytes that splicing the whole gives, however it is cut', () => {
  fc.assert(
    fc.property(
      body,
      fc.array(fc.nat(), { maxLength: 6 }),
      fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      (bytes, cuts, ends) => {
        const [a = 0, b = 0, c = 0, d = 0] = ends
          .map((end) => end % (bytes.length + 1))
          .toSorted((left, right) => left - right)
        const edits = [
          { start: c, end: d, insert: 'zweite' },
          { start: a, end: b, insert: '' },
        ]
        const spliced = splicePieces(cut(bytes, cuts), edits)
        expect(Buffer.from(joinPieces(spliced))).toEqual(spliceBytes(bytes, edits))
        expect(lengthOf(spliced)).toBe(spliceBytes(bytes, edits).length)
      },
    ),
  )
})

test('large pieces are passed on as they are, without a copy', () => {
  const pieces = [Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')]
  const spliced = splicePieces(pieces, [{ start: 10, end: 12, insert: 'x' }])
  expect(spliced.at(-1)).toBe(pieces[1])
  expect(spliced[0]?.buffer).toBe(pieces[0]?.buffer)
})

test('one piece is joined without a copy', () => {
  const only = Buffer.from('abc')
  expect(joinPieces([only])).toBe(only)
})
