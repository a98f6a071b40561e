// Finds top-level fields of a JSON object, and checks its grammar, without building the tree.
//
// What it does not do: decode strings, compare keys below the top level, or look for raw control characters in a string
// beyond 64 bytes from its start or its last escape (native search skips those, which makes a 1 MB image body cheap).
import { isUtf8 } from 'node:buffer'
import { AiError } from '../errors/ai-error.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import { type StringReader, stringReader } from './text-memory.ts'

/** Where a top-level field lies in the body; `valueEnd` is exclusive. */
export interface JsonField {
  readonly keyStart: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface JsonScan {
  readonly fields: ReadonlyMap<string, JsonField>
  /** Elements of the top-level arrays that were to be counted; 1 for any other value. The last one of a doubled key counts. */
  readonly counts: ReadonlyMap<string, number>
  /** Position of the closing brace of the top-level object, or -1 where the top level is no object. */
  readonly closing: number
  /** True for `{}`. */
  readonly isEmpty: boolean
  readonly depth: number
  readonly nodes: number
}

// What a string may hold as it is: one look-up per byte, where comparing took three times as long.
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte === 0x22 || byte === 0x5c ? 0 : 1))

const maxDepth = 512
const none: ReadonlySet<string> = new Set()
const arrayFrame = 1
const objectFrame = 2

/**
 * Scans a whole JSON text.
 * @param wanted top-level keys whose place is asked for; each may appear once, and only unescaped.
 * @param counted top-level keys whose elements are counted; they may be doubled, and are not seen when escaped.
 * @throws AiError(code) where the text is not JSON or nests deeper than 512; `caller_ambiguous_key` for a wanted key that
 *   appears twice or with escapes, because the upstream might read another occurrence than we did.
 */
export function scanJson(
  bytes: Uint8Array,
  code: ErrorCode = 'caller_invalid_json',
  wanted: ReadonlySet<string> = none,
  counted: ReadonlySet<string> = none,
): JsonScan {
  const scanner = new Scanner(bytes, code, wanted, counted)
  return scanner.run()
}

class Scanner {
  readonly #bytes: Buffer
  /** Present for large texts alone. */
  readonly #strings: StringReader | undefined
  readonly #code: ErrorCode
  readonly #wanted: ReadonlySet<string>
  readonly #counted: ReadonlySet<string>
  #longestWanted = 0
  readonly #fields = new Map<string, JsonField>()
  readonly #counts = new Map<string, number>()
  #at = 0
  #nodes = 0
  #deepest = 0
  readonly #stack = new Uint8Array(maxDepth + 1)
  #depth = 0
  #closing = -1
  #isEmpty = false
  /** The wanted top-level key whose value is being read. */
  #pending: string | undefined
  /** The counted one, and the values at the second level so far. */
  #counting: string | undefined
  #members = 0
  #keyStart = 0
  #valueStart = 0
  #nextQuote = -1
  #nextBackslash = -1
  #sawEscape = false

  constructor(bytes: Uint8Array, code: ErrorCode, wanted: ReadonlySet<string>, counted: ReadonlySet<string>) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#strings = stringReader(this.#bytes)
    this.#code = code
    this.#wanted = wanted
    this.#counted = counted
    for (const key of wanted) this.#longestWanted = Math.max(this.#longestWanted, key.length)
    for (const key of counted) this.#longestWanted = Math.max(this.#longestWanted, key.length)
  }

  run(): JsonScan {
    if (!isUtf8(this.#bytes)) this.#fail('It is not UTF-8.')
    this.#space()
    const isObject = this.#bytes[this.#at] === 0x7b
    this.#document()
    this.#space()
    if (this.#at !== this.#bytes.length) this.#fail(`Unexpected text after the value at byte ${this.#at}.`)
    return {
      fields: this.#fields,
      counts: this.#counts,
      closing: isObject ? this.#closing : -1,
      isEmpty: isObject && this.#isEmpty,
      depth: this.#deepest,
      nodes: this.#nodes,
    }
  }

  // One loop with an explicit stack: a body nested a million deep must not overflow ours.
  #document(): void {
    for (;;) {
      this.#space()
      if (this.#depth === 1) this.#valueStart = this.#at
      else if (this.#depth === 2) this.#members++
      this.#nodes++
      const byte = this.#bytes[this.#at]
      let isDue = false
      if (byte === 0x7b || byte === 0x5b) isDue = this.#open(byte)
      else this.#scalar(byte)
      if (!isDue && !this.#goOn()) return
      if (this.#stack[this.#depth] === objectFrame) this.#key()
    }
  }

  /** Enters an object or array; false where it is empty and thus already left. */
  #open(byte: number): boolean {
    if (this.#depth === maxDepth) this.#fail(`It nests deeper than ${maxDepth} levels.`)
    this.#stack[++this.#depth] = byte === 0x7b ? objectFrame : arrayFrame
    if (this.#depth > this.#deepest) this.#deepest = this.#depth
    this.#at++
    this.#space()
    if (this.#bytes[this.#at] !== (byte === 0x7b ? 0x7d : 0x5d)) return true
    this.#isEmpty = this.#depth === 1
    this.#close()
    return false
  }

  #close(): void {
    if (this.#depth === 1) this.#closing = this.#at
    this.#at++
    this.#depth--
  }

  /** After a value: closes what ends here; true where a next member is due, false at the end of the document. */
  #goOn(): boolean {
    while (this.#depth > 0) {
      if (this.#depth === 1 && this.#pending !== undefined) {
        this.#fields.set(this.#pending, { keyStart: this.#keyStart, valueStart: this.#valueStart, valueEnd: this.#at })
        this.#pending = undefined
      }
      if (this.#depth === 1 && this.#counting !== undefined) {
        this.#counts.set(this.#counting, this.#bytes[this.#valueStart] === 0x5b ? this.#members : 1)
        this.#counting = undefined
      }
      this.#space()
      const next = this.#bytes[this.#at]
      if (next === 0x2c) {
        this.#at++
        this.#space()
        return true
      }
      if (next !== (this.#stack[this.#depth] === objectFrame ? 0x7d : 0x5d)) this.#unexpected()
      this.#close()
    }
    return false
  }

  #key(): void {
    const start = this.#at
    if (this.#bytes[start] !== 0x22) this.#unexpected()
    this.#string()
    if (this.#depth === 1 && this.#wanted.size > 0) {
      this.#members = 0
      this.#pending = this.#wantedKey(start, this.#at)
      this.#keyStart = start
    }
    this.#space()
    if (this.#bytes[this.#at] !== 0x3a) this.#unexpected()
    this.#at++
  }

  #wantedKey(start: number, end: number): string | undefined {
    // Six bytes (`\u006d`) write one character at most, so that longer keys can be none of the wanted ones.
    if (end - start - 2 > 6 * this.#longestWanted) return undefined
    const raw = this.#bytes.toString('utf8', start + 1, end - 1)
    const escaped = this.#sawEscape
    const key = escaped ? this.#unescaped(raw) : raw
    if (!this.#wanted.has(key)) {
      if (this.#counted.has(key)) this.#counting = key
      return undefined
    }
    if (escaped) throw new AiError('caller_ambiguous_key', { message: `"${key}" is written with escapes.`, param: key })
    if (this.#fields.has(key))
      throw new AiError('caller_ambiguous_key', { message: `"${key}" appears twice.`, param: key })
    return key
  }

  #unescaped(raw: string): string {
    try {
      const key: unknown = JSON.parse(`"${raw}"`)
      return String(key)
    } catch {
      return this.#fail('A control character stands in a key.') // The one thing that strings of ours may still hold.
    }
  }

  #space(): void {
    const bytes = this.#bytes
    let at = this.#at
    for (;;) {
      const byte = bytes[at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      at++
    }
    this.#at = at
  }

  #scalar(byte: number | undefined): void {
    if (byte === 0x22) this.#string()
    else if (byte === 0x74) this.#literal('true')
    else if (byte === 0x66) this.#literal('false')
    else if (byte === 0x6e) this.#literal('null')
    else if (byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39)) this.#number()
    else this.#unexpected()
  }

  #string(): void {
    const end = this.#strings?.stringEnd(this.#at + 1) ?? -1
    // What is not well formed is read once more, by the reader that says what is wrong.
    if (end === -1) return this.#stringByBytes()
    this.#sawEscape = this.#strings?.sawEscape ?? false
    this.#at = end
  }

  #stringByBytes(): void {
    const bytes = this.#bytes
    let at = this.#at + 1
    let near = at + 64
    this.#sawEscape = false
    for (;;) {
      const stop = near < bytes.length ? near : bytes.length
      while (at < stop && isPlain[bytes[at] ?? 0] === 1) at++
      if (at >= near) at = this.#nextMark(at)
      const byte = bytes[at]
      if (byte === 0x22) {
        this.#at = at + 1
        return
      }
      if (byte === undefined) this.#fail('A string is not closed.')
      if (byte === 0x5c) {
        this.#sawEscape = true
        at = this.#escape(at)
        // Escapes come in crowds; a native search per escape would cost more than these bytes one by one.
        near = at + 64
      } else this.#fail(`A control character stands in a string at byte ${at}.`)
    }
  }

  // Native search for the next quote or backslash. Both are remembered between calls: looking for a far quote again
  // after each escape would make one long escaped string quadratic.
  #nextMark(from: number): number {
    const bytes = this.#bytes
    if (this.#nextQuote < from) this.#nextQuote = bytes.indexOf(0x22, from)
    if (this.#nextQuote === -1) this.#fail('A string is not closed.')
    if (this.#nextBackslash < from) {
      const found = bytes.indexOf(0x5c, from)
      this.#nextBackslash = found === -1 ? bytes.length : found
    }
    return Math.min(this.#nextQuote, this.#nextBackslash)
  }

  #escape(at: number): number {
    const bytes = this.#bytes
    const kind = bytes[at + 1]
    if (kind === 0x75) {
      for (let digit = at + 2; digit < at + 6; digit++)
        if (!isHex(bytes[digit])) this.#fail(`A \\u escape at byte ${at} lacks digits.`)
      return at + 6
    }
    // " \ / b f n r t
    if (
      kind === 0x22 ||
      kind === 0x5c ||
      kind === 0x2f ||
      kind === 0x62 ||
      kind === 0x66 ||
      kind === 0x6e ||
      kind === 0x72 ||
      kind === 0x74
    )
      return at + 2
    return this.#fail(`An unknown escape stands at byte ${at}.`)
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index++)
      if (this.#bytes[this.#at + index] !== word.charCodeAt(index)) this.#unexpected()
    this.#at += word.length
  }

  #number(): void {
    const bytes = this.#bytes
    if (bytes[this.#at] === 0x2d) this.#at++
    if (bytes[this.#at] === 0x30) this.#at++
    else this.#digits()
    if (bytes[this.#at] === 0x2e) {
      this.#at++
      this.#digits()
    }
    const exponent = bytes[this.#at]
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++
      const sign = bytes[this.#at]
      if (sign === 0x2b || sign === 0x2d) this.#at++
      this.#digits()
    }
  }

  #digits(): void {
    const start = this.#at
    for (
      let byte = this.#bytes[this.#at];
      byte !== undefined && byte >= 0x30 && byte <= 0x39;
      byte = this.#bytes[this.#at]
    )
      this.#at++
    if (this.#at === start) this.#unexpected()
  }

  #unexpected(): never {
    if (this.#bytes.length === 0) this.#fail('It is empty.')
    if (this.#at >= this.#bytes.length) this.#fail('It ends too early.')
    this.#fail(`Unexpected byte at ${this.#at}.`)
  }

  #fail(message: string): never {
    throw new AiError(this.#code, { message })
  }
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}
