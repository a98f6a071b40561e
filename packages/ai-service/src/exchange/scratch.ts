// Looks at a body in pieces as if it were one, without a fresh megabyte for each request.
import type { Pieces } from 'ai-lib/internal/bytes/pieces'
import { holdText } from 'ai-lib/internal/bytes/text-memory'

/** The bytes in a row, valid until the next call: for reading at once, never to be kept. */
export function inScratch(pieces: Pieces): Uint8Array {
  const only = pieces.length === 1 ? pieces[0] : undefined
  if (only) return only
  // Fresh memory is paid for page by page at its first touch; what is held there has been touched.
  return holdText(pieces) ?? Buffer.concat(pieces)
}
