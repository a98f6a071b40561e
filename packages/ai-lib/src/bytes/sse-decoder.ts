// Splits server-sent events on bytes: BOM, LF, CR and CRLF across chunks, comments, bounded events, no text decoding.
import { AiError } from '../errors/ai-error.ts'

/**
 * One event, as positions in `bytes`. The decoder reuses one object for all events: read it before returning.
 * `rawStart..rawEnd` covers the event with its blank line, so that raw ranges of a stream join to the stream.
 */
export interface SseEvent {
  readonly bytes: Buffer
  readonly rawStart: number
  readonly rawEnd: number
  /** False for blocks of comments and blank lines only. */
  readonly hasData: boolean
  readonly dataStart: number
  readonly dataEnd: number
  /** The `event:` field, empty where absent. */
  readonly type: string
}

export interface SseDecoderOptions {
  /** Bytes that one event may have. Default 4 MiB. */
  readonly maxEventBytes?: number
}

const lineFeedTwice = Buffer.from('\n\n')
const empty = Buffer.alloc(0)

/**
 * A push decoder. Chunks go in, whole events come out; the tail of an unfinished event is held, and per WHATWG is no event
 * if the stream ends there.
 */
export class SseDecoder {
  readonly #maxEventBytes: number
  #held: Buffer = empty
  #heldBytes = 0
  #scanned = 0
  #lineStart = 0
  #atStart = true
  #sawReturn = false

  constructor(options: SseDecoderOptions = {}) {
    this.#maxEventBytes = options.maxEventBytes ?? 4 * 1024 * 1024
  }

  /** Bytes of the unfinished event. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /**
   * Takes a chunk and calls `onEvent` for each event that it completes.
   * @throws AiError `provider_response_too_large` where an event exceeds its bound.
   */
  push(chunk: Uint8Array, onEvent: (event: SseEvent) => void): void {
    const bytes = this.#join(chunk)
    if (!this.#sawReturn && bytes.includes(0x0d, this.#scanned)) {
      this.#sawReturn = true
      // So far no line starts were noted: walk what is held once more.
      this.#walked(0, 0)
    }
    let start = 0
    for (;;) {
      const end = this.#sawReturn ? this.#blankLineEnd(bytes, start) : this.#lineFeedEnd(bytes, start)
      if (end === -1) break
      onEvent(this.#parse(bytes, start, end))
      start = end
    }
    this.#hold(bytes, start)
  }

  #lineFeedEnd(bytes: Buffer, start: number): number {
    const from = Math.max(start, this.#scanned - 1)
    const found = bytes.indexOf(lineFeedTwice, from)
    return found === -1 ? -1 : found + 2
  }

  // With CR about, lines are walked one by one, going on where the last chunk ended.
  #blankLineEnd(bytes: Buffer, start: number): number {
    let lineStart = Math.max(start, this.#lineStart)
    for (let at = Math.max(start, this.#scanned); at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== 0x0a && byte !== 0x0d) continue
      const isBlank = at === lineStart
      // A CR that ends the bytes may be half of a CRLF: wait, or its LF would read as a blank line.
      if (byte === 0x0d && at === bytes.length - 1 && !isBlank) {
        this.#walked(lineStart - start, at - start)
        return -1
      }
      if (byte === 0x0d && bytes[at + 1] === 0x0a) at++
      if (isBlank) return at + 1
      lineStart = at + 1
    }
    this.#walked(lineStart - start, bytes.length - start)
    return -1
  }

  #walked(lineStart: number, scanned: number): void {
    this.#lineStart = lineStart
    this.#scanned = scanned
  }

  #join(chunk: Uint8Array): Buffer {
    if (this.#heldBytes === 0)
      return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const needed = this.#heldBytes + chunk.length
    if (needed > this.#held.length) {
      // Doubling keeps an event that arrives byte by byte from being copied once per byte.
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#held.length * 2))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    this.#held.set(chunk, this.#heldBytes)
    return this.#held.subarray(0, needed)
  }

  #hold(bytes: Buffer, start: number): void {
    const rest = bytes.length - start
    if (rest > this.#maxEventBytes)
      throw new AiError('provider_response_too_large', { message: `One event exceeds ${this.#maxEventBytes} bytes.` })
    // A tail that already lies at the start of the held buffer stays where it is.
    const inPlace = start === 0 && this.#heldBytes > 0
    if (rest > 0 && !inPlace) this.#held = Buffer.from(bytes.subarray(start))
    if (rest === 0) this.#held = empty
    this.#heldBytes = rest
    if (!this.#sawReturn) this.#walked(0, rest)
  }

  #parse(bytes: Buffer, rawStart: number, rawEnd: number): SseEvent {
    if (rawEnd - rawStart > this.#maxEventBytes)
      throw new AiError('provider_response_too_large', { message: `One event exceeds ${this.#maxEventBytes} bytes.` })
    let start = rawStart
    if (this.#atStart) {
      this.#atStart = false
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3
    }
    this.#scanned = 0
    this.#lineStart = 0
    return this.#sawReturn ? parseLines(bytes, rawStart, start, rawEnd) : parseEvent(bytes, rawStart, start, rawEnd)
  }
}

const colon = 0x3a

// The common shapes, `data: …` alone or below one `event: …`, need no line walk. Without CR in the stream, that is.
function parseEvent(bytes: Buffer, rawStart: number, start: number, rawEnd: number): SseEvent {
  let at = start
  let type = ''
  if (isEventPrefix(bytes, at)) {
    const end = bytes.indexOf(0x0a, at)
    type = bytes.toString('utf8', valueStart(bytes, at + 6, end), end)
    at = end + 1
  }
  if (isDataPrefix(bytes, at)) {
    const end = bytes.indexOf(0x0a, at)
    if (end === rawEnd - 2)
      return { bytes, rawStart, rawEnd, hasData: true, dataStart: valueStart(bytes, at + 5, end), dataEnd: end, type }
  }
  return parseLines(bytes, rawStart, start, rawEnd)
}

function isEventPrefix(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x65 &&
    bytes[at + 1] === 0x76 &&
    bytes[at + 2] === 0x65 &&
    bytes[at + 3] === 0x6e &&
    bytes[at + 4] === 0x74 &&
    bytes[at + 5] === colon
  )
}

function isDataPrefix(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x64 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x61 &&
    bytes[at + 4] === colon
  )
}

function valueStart(bytes: Buffer, at: number, end: number): number {
  return at < end && bytes[at] === 0x20 ? at + 1 : at
}

function parseLines(bytes: Buffer, rawStart: number, start: number, rawEnd: number): SseEvent {
  const data: { start: number; end: number }[] = []
  let type = ''
  let lineStart = start
  for (let at = start; at < rawEnd; at++) {
    const byte = bytes[at]
    if (byte !== 0x0a && byte !== 0x0d) continue
    const field = fieldOf(bytes, lineStart, at)
    if (field.name === 'data') data.push({ start: field.valueStart, end: at })
    else if (field.name === 'event') type = bytes.toString('utf8', field.valueStart, at)
    if (byte === 0x0d && bytes[at + 1] === 0x0a) at++
    lineStart = at + 1
  }
  const only = data[0]
  if (only === undefined) return { bytes, rawStart, rawEnd, hasData: false, dataStart: rawEnd, dataEnd: rawEnd, type }
  if (data.length === 1)
    return { bytes, rawStart, rawEnd, hasData: true, dataStart: only.start, dataEnd: only.end, type }
  return joined(bytes, rawStart, rawEnd, data, type)
}

function fieldOf(bytes: Buffer, start: number, end: number): { name: string; valueStart: number } {
  let at = start
  while (at < end && bytes[at] !== colon) at++
  // Names that matter have at most five letters; longer ones are unknown fields whatever they say.
  const name = at - start > 5 ? '' : bytes.toString('latin1', start, at)
  return { name, valueStart: at === end ? end : valueStart(bytes, at + 1, end) }
}

// Several data lines join with LF. The joined text goes behind the raw bytes, so that raw positions stay true.
function joined(
  bytes: Buffer,
  rawStart: number,
  rawEnd: number,
  data: readonly { start: number; end: number }[],
  type: string,
): SseEvent {
  const text = Buffer.concat(
    data.flatMap(({ start, end }, index) =>
      index === 0 ? [bytes.subarray(start, end)] : [Buffer.from('\n'), bytes.subarray(start, end)],
    ),
  )
  const raw = bytes.subarray(rawStart, rawEnd)
  const both = Buffer.concat([raw, text])
  return {
    bytes: both,
    rawStart: 0,
    rawEnd: raw.length,
    hasData: true,
    dataStart: raw.length,
    dataEnd: both.length,
    type,
  }
}

/** The event's data as text. */
export function dataText(event: SseEvent): string {
  return event.bytes.toString('utf8', event.dataStart, event.dataEnd)
}
