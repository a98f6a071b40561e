// Cuts a text into the pieces a stream sends.

/** Pieces of `size` code points; without a size, words with the space before them. Joined they are the text. */
export function splitDeltas(text: string, size: number | undefined): readonly string[] {
  if (text === '') return []
  if (size === undefined) return text.match(/\s*\S+|\s+$/g) ?? [text]
  // Code points, not UTF-16 units: half a surrogate pair cannot be written as UTF-8.
  const points = Array.from(text)
  const pieces: string[] = []
  for (let at = 0; at < points.length; at += Math.max(1, size))
    pieces.push(points.slice(at, at + Math.max(1, size)).join(''))
  return pieces
}

/** Arguments have few spaces: without a size, pieces of eight characters. */
export function splitArguments(argsJson: string, size: number | undefined): readonly string[] {
  return splitDeltas(argsJson, size ?? 8)
}
