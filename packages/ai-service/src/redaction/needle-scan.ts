// Finds any of many strings in a text, in one pass and without regard to case; more strings can be added at any time.

/** One cell for each pair of letters, seven bits of each. */
const cells = 1 << 14

export interface NeedleScan<Tag> {
  /** @param needle of at least two letters; shorter ones are left out. */
  add(needle: string, tag: Tag): void
  /** Whether any of them stands in the text, or a letter that begins an escape of JSON, URLs or HTML. */
  mayHold(text: string): boolean
  /** Calls `visit` for every place of every needle, in the order of the text. */
  scan(text: string, visit: (tag: Tag, from: number, to: number) => void): void
}

/**
 * For each pair of letters a list of the needles that begin with it: most places of a text are left after one look at a
 * table. Capital letters of ASCII count as small ones.
 */
export function createNeedleScan<Tag>(): NeedleScan<Tag> {
  const heads = new Int32Array(cells).fill(-1)
  const next: number[] = []
  const needles: string[] = []
  const tags: Tag[] = []
  return {
    add(needle, tag) {
      if (needle.length < 2) return
      const cell = cellOf(fold(needle.charCodeAt(0)), fold(needle.charCodeAt(1)))
      next.push(heads[cell] ?? -1)
      heads[cell] = needles.length
      needles.push(needle.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()))
      tags.push(tag)
    },
    // Names, paths and ids: nearly every text is short and clean, and finding that out makes nothing.
    mayHold(text) {
      let left = fold(text.charCodeAt(0))
      for (let at = 1; at <= text.length; at++) {
        if (left === 0x5c || left === 0x25 || left === 0x26) return true
        const right = at < text.length ? fold(text.charCodeAt(at)) : 0
        for (let index = heads[cellOf(left, right)] ?? -1; index !== -1; index = next[index] ?? -1)
          if (isAt(text, at - 1, needles[index] ?? '')) return true
        left = right
      }
      return false
    },
    scan(text, visit) {
      let left = fold(text.charCodeAt(0))
      for (let at = 1; at < text.length; at++) {
        const right = fold(text.charCodeAt(at))
        for (let index = heads[cellOf(left, right)] ?? -1; index !== -1; index = next[index] ?? -1) {
          const needle = needles[index] ?? ''
          const tag = tags[index]
          if (tag !== undefined && isAt(text, at - 1, needle)) visit(tag, at - 1, at - 1 + needle.length)
        }
        left = right
      }
    },
  }
}

function cellOf(left: number, right: number): number {
  return ((left & 127) << 7) | (right & 127)
}

function isAt(text: string, from: number, needle: string): boolean {
  if (from + needle.length > text.length) return false
  for (let at = 0; at < needle.length; at++)
    if (fold(text.charCodeAt(from + at)) !== needle.charCodeAt(at)) return false
  return true
}

function fold(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code
}
