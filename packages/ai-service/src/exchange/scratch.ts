// Looks at a body in pieces as if it were one, without a fresh megabyte for each request.
import { lengthOf, type Pieces } from 'ai-lib/internal/bytes/pieces'

/** Larger bodies get a buffer of their own: the scratch would otherwise stay that large. */
const keptBytes = 4 * 1024 * 1024

let scratch: Buffer | undefined

/** The bytes in a row, valid until the next call: for reading at once, never to be kept. */
export function inScratch(pieces: Pieces): Uint8Array {
  const only = pieces.length === 1 ? pieces[0] : undefined
  if (only) return only
  const length = lengthOf(pieces)
  if (length > keptBytes) return Buffer.concat(pieces)
  // Fresh memory is paid for page by page at its first touch; this one has been touched.
  if (scratch === undefined || scratch.length < length)
    scratch = Buffer.allocUnsafeSlow(Math.min(keptBytes, length * 2))
  let at = 0
  for (const piece of pieces) {
    scratch.set(piece, at)
    at += piece.length
  }
  return scratch.subarray(0, length)
}
