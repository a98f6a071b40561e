// Replaces byte ranges of a body and copies the rest, so that nothing else of it changes.

export interface Edit {
  readonly start: number
  readonly end: number
  readonly insert: string
}

/** The body with the edits applied. Edits must not overlap; their order does not matter. */
export function spliceBytes(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  const ordered = edits.toSorted((left, right) => left.start - right.start)
  const pieces: Uint8Array[] = []
  let from = 0
  for (const edit of ordered) {
    pieces.push(bytes.subarray(from, edit.start), Buffer.from(edit.insert))
    from = edit.end
  }
  pieces.push(bytes.subarray(from))
  return Buffer.concat(pieces)
}
