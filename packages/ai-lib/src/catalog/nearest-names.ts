// Names close to one that does not exist, for error messages.

/** Longer names are compared by their beginnings: the distance costs length times length. */
const longest = 64

/**
 * The candidates within reach of a mistyped name, nearest first, then by name; case does not count. A name also counts
 * as near where it goes on from what was asked (`gpt-4o` for `gpt-4`).
 */
export function nearestNames(asked: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const wanted = asked.slice(0, longest).toLowerCase()
  if (wanted === '') return []
  const reach = Math.max(2, Math.floor(wanted.length / 3))
  const near = new Map<string, number>()
  for (const candidate of candidates) {
    const name = candidate.slice(0, longest).toLowerCase()
    const isLonger = wanted.length > 2 && name.startsWith(wanted)
    const distance = isLonger ? Math.min(reach, name.length - wanted.length) : distanceUpTo(wanted, name, reach)
    if (distance <= reach) near.set(candidate, distance)
  }
  return [...near]
    .sort(([a, near1], [b, near2]) => near1 - near2 || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([name]) => name)
}

/** Levenshtein distance, or any number above `bound` as soon as it must be larger. */
function distanceUpTo(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    if (Math.min(...current) > bound) return bound + 1
    previous = current
  }
  return previous[b.length] ?? 0
}
