// Bodies in pieces of a byte: the same bytes, in memory that their number accounts for.
import { expect, test } from 'vitest'
import { GatheredPieces } from './gathered-pieces.ts'

test('T26 a body in pieces of a byte is held in few, in order', () => {
  const gathered = new GatheredPieces()
  const large = Buffer.alloc(8 * 1024, 'x')
  let text = ''
  for (let at = 0; at < 100_000; at++) {
    const piece = at % 40_000 === 39_999 ? large : Buffer.from(String(at % 10))
    gathered.add(piece)
    text += piece.toString()
  }
  expect(gathered.bytes).toBe(text.length)
  expect(gathered.pieces.length).toBeLessThan(100_000 / 100)
  expect(Buffer.concat(gathered.pieces).toString()).toBe(text)
  expect(gathered.pieces).toContain(large)
})
