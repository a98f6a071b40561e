// Whether a text holds any of many strings: skips ahead through the text, so that the usual answer, no, costs little.

/** Letters of each string that the search looks at, at most. */
const longestWindow = 16
const tableSize = 1 << 15

/**
 * A test after Wu and Manber: a table says, for each pair of letters, how far the next match must at least be. Texts
 * without any of the strings are read at about one letter in eight.
 * @param needles strings of at least two letters.
 */
export function createTextSearch(needles: readonly string[]): (text: string) => boolean {
  if (needles.length === 0) return () => false
  const window = Math.min(longestWindow, ...needles.map((needle) => needle.length))
  const shifts = new Uint8Array(tableSize).fill(window - 1)
  const endings = new Map<number, string[]>()
  for (const needle of needles) {
    for (let end = 1; end < window; end++) {
      const pair = pairAt(needle, end)
      shifts[pair] = Math.min(shifts[pair] ?? 0, window - 1 - end)
    }
    const last = pairAt(needle, window - 1)
    endings.set(last, [...(endings.get(last) ?? []), needle])
  }
  return (text) => {
    for (let end = window - 1; end < text.length; ) {
      const pair = pairAt(text, end)
      const shift = shifts[pair] ?? 0
      if (shift === 0 && isAnyAt(text, end - window + 1, endings.get(pair))) return true
      end += shift === 0 ? 1 : shift
    }
    return false
  }
}

function pairAt(text: string, end: number): number {
  return (text.charCodeAt(end - 1) * 181 + text.charCodeAt(end)) & (tableSize - 1)
}

function isAnyAt(text: string, at: number, needles: readonly string[] = []): boolean {
  for (const needle of needles) if (text.startsWith(needle, at)) return true
  return false
}
