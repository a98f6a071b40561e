// Canonical JSON of RFC 8785: one text for one value, so that a hash over it means the value.

/**
 * Members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them, which is what the
 * RFC prescribes. Members that are undefined are left out.
 * @throws TypeError for what JSON has no form for: a number that is not finite, half of a surrogate pair, a function.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('A number is not finite.')
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
    return `{${members.map(([name, member]) => `${canonicalString(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  throw new TypeError(`JSON has no form for a ${typeof value}.`)
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('A text holds half of a surrogate pair.')
  return JSON.stringify(text)
}
