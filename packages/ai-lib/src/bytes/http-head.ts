// Heads of HTTP/1.1 messages as text: found in a byte stream, and read so strictly that no other hop can read them otherwise.

/** Behind the start line: names are tokens, nothing is folded, no control character, no bare CR or LF. */
const fieldSection = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const bareLineFeed = /[^\r]\n/

/** Whether text is header lines, each with its line break, as HTTP/1.1 allows them to be sent. */
export function isFieldSection(text: string): boolean {
  return fieldSection.test(text)
}

/** Whether a header of this name and value is one header, and no way to write a second one. */
export function isField(name: string, value: string): boolean {
  return fieldValue.test(value) && token.test(name)
}

/**
 * Names and values in turn, names as they were written.
 * @returns undefined where a line is none that HTTP/1.1 allows.
 */
export function readFields(section: string): string[] | undefined {
  if (!fieldSection.test(section)) return undefined
  const fields: string[] = []
  for (let at = 0; at < section.length; ) {
    const end = section.indexOf('\r\n', at)
    const colon = section.indexOf(':', at)
    fields.push(section.slice(at, colon), trimmed(section, colon + 1, end))
    at = end + 2
  }
  return fields
}

// Nearly always one blank in front and none behind. By hand: an expression for the blanks behind a value looks at each run of
// blanks inside it again and again, and a head of nothing else stops the loop for a sixth of a second.
function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

export type HeadProgress =
  /** The whole head without its empty line, one letter per byte; `rest` is where the next byte of the chunk lies. */
  | { readonly kind: 'head'; readonly text: string; readonly rest: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-large' }
  /** A line ends with a bare line feed: waiting for an end that such a sender never writes would hold it up for nothing. */
  | { readonly kind: 'malformed' }

const more: HeadProgress = { kind: 'more' }

/** Collects the bytes of one head, over as many chunks as it takes. */
export class HeadCollector {
  readonly #maxBytes: number
  #held: Buffer | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of an unfinished head. */
  get heldBytes(): number {
    return this.#held?.length ?? 0
  }

  push(chunk: Buffer, from: number): HeadProgress {
    const held = this.#held
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk.subarray(from)])
    const start = held === undefined ? from : 0
    const end = bytes.indexOf('\r\n\r\n', held === undefined ? from : Math.max(0, held.length - 3), 'latin1')
    if (end === -1) return this.#hold(bytes, start, held?.length ?? 0)
    if (end - start > this.#maxBytes) return { kind: 'too-large' }
    this.#held = undefined
    const rest = end + 4 - (held === undefined ? 0 : held.length - from)
    return { kind: 'head', text: bytes.toString('latin1', start, end + 2), rest }
  }

  /** @param seen how many bytes were looked at before: whoever sends them one by one gets no work out of us. */
  #hold(bytes: Buffer, start: number, seen: number): HeadProgress {
    if (bytes.length - start > this.#maxBytes) return { kind: 'too-large' }
    const unseen = bytes.toString('latin1', start + Math.max(0, seen - 1))
    if (bareLineFeed.test(unseen) || bytes[start] === 0x0a) return { kind: 'malformed' }
    // A copy: the chunk may be a small part of a large buffer that would stay alive with it.
    this.#held = Buffer.from(bytes.subarray(start))
    return more
  }
}
