// A text as whoever decodes it will read it (JSON, URL and HTML escapes), and where each of its letters came from.

export interface DecodedView {
  readonly text: string
  /** Where a letter of `text`, or its end, begins in the text that was decoded. */
  readonly origin: (at: number) => number
}

/** JSON's escapes, URL encoding of a letter in UTF-8, HTML's references. */
const escape =
  /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(["'\\/bfnrt]))|(%(?:[0-7][0-9a-f]|[c-f][0-9a-f](?:%[89ab][0-9a-f]){1,3}))|&(?:#x([0-9a-f]{1,4})|#(\d{1,5})|(amp|lt|gt|quot|apos));/gi

const jsonLetters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const references: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Undefined where nothing is escaped: then the text is its own view. */
export function decodedView(text: string): DecodedView | undefined {
  if (!/[\\%&]/.test(text)) return undefined
  let decoded = ''
  let rest = 0
  /** For each escape: where it stands in the decoded text, and how many letters it is longer than what it means. */
  const places: number[] = []
  const shifts: number[] = []
  let shift = 0
  for (const match of text.matchAll(escape)) {
    const letter = meaning(match)
    if (letter === undefined) continue
    decoded += text.slice(rest, match.index) + letter
    rest = match.index + match[0].length
    shift += match[0].length - letter.length
    places.push(decoded.length)
    shifts.push(shift)
  }
  if (shift === 0) return undefined
  return { text: decoded + text.slice(rest), origin: (at) => at + shiftAt(places, shifts, at) }
}

function meaning([, unicode, hex, json, percent, hexReference, reference, name]: RegExpExecArray): string | undefined {
  if (json !== undefined) return jsonLetters[json] ?? json
  if (name !== undefined) return references[name.toLowerCase()]
  if (percent !== undefined) return decodedPercent(percent)
  const digits = unicode ?? hex ?? hexReference
  return String.fromCharCode(digits === undefined ? Number(reference) : Number.parseInt(digits, 16))
}

function decodedPercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // No UTF-8, so that it is a text that happens to look like it.
  }
}

// The last escape that ends at or before the place: found by halving, for there may be one at every third letter.
function shiftAt(places: readonly number[], shifts: readonly number[], at: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : (shifts[low - 1] ?? 0)
}
