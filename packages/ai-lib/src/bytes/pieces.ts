// A body as the pieces it arrived in: large ones are read, edited and sent on without being copied into one.
import type { Edit } from './json-splice.ts'

export type Pieces = readonly Uint8Array[]

/** Up to here one buffer is cheaper than several: one write instead of a walk over pieces. */
const joinedBytes = 64 * 1024

export function lengthOf(pieces: Pieces): number {
  let length = 0
  for (const piece of pieces) length += piece.length
  return length
}

/** The same bytes in one buffer; without a copy where there is but one piece. */
export function joinPieces(pieces: Pieces): Uint8Array {
  const only = pieces.length === 1 ? pieces[0] : undefined
  return only ?? Buffer.concat(pieces)
}

/** The body with the edits applied: ranges of the old pieces and the inserted text, none of the old bytes copied unless small. */
export function splicePieces(pieces: Pieces, edits: readonly Edit[]): Pieces {
  const ordered = edits.toSorted((left, right) => left.start - right.start)
  const spliced: Uint8Array[] = []
  let from = 0
  for (const edit of ordered) {
    addRange(spliced, pieces, from, edit.start)
    spliced.push(Buffer.from(edit.insert))
    from = edit.end
  }
  addRange(spliced, pieces, from, Number.POSITIVE_INFINITY)
  return lengthOf(spliced) <= joinedBytes ? [joinPieces(spliced)] : spliced
}

function addRange(into: Uint8Array[], pieces: Pieces, from: number, to: number): void {
  let at = 0
  for (const piece of pieces) {
    const start = Math.max(0, from - at)
    const end = Math.min(piece.length, to - at)
    if (start < end) into.push(start === 0 && end === piece.length ? piece : piece.subarray(start, end))
    at += piece.length
    if (at >= to) return
  }
}
