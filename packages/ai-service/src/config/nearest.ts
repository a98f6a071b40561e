// The name that somebody probably meant: smallest edit distance, if it is small enough to be no accident.

/** The candidate nearest to `text`, ignoring case; `undefined` where none is near. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of candidates) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase())
    if (distance <= Math.max(1, Math.floor(name.length / 2.5)) && distance < (best?.distance ?? Infinity)) {
      best = { name, distance }
    }
  }
  return best?.name
}

/** `; did you mean name?`, or nothing. */
export function didYouMean(text: string, candidates: Iterable<string>): string {
  const name = nearest(text, candidates)
  return name === undefined ? '' : `; did you mean ${name}?`
}

/** Insertions, deletions, replacements and swaps of neighbours: `prot` is one step from `port`. */
function editDistance(left: string, right: string): number {
  // Distances beyond a name's length do not matter; a very long text would only cost time.
  if (left.length > 64 || right.length > 64) return Infinity
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1]
      const replaced = (previous[column - 1] ?? 0) + (same ? 0 : 1)
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      const swapped = isSwap ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced, swapped))
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] ?? Infinity
}
