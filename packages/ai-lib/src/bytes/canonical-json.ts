// Writes a JSON object in one form for all spellings that mean the same: for keys of caches, where two requests may be
// taken for one only if nobody could answer them differently.
//
// Made equal: white space, escapes in strings, the order of top-level members. Kept apart: everything else. Numbers keep
// their digits (`1.0` is not `1`, and no large integer is rounded), and members below the top keep their order, because
// that of a schema steers an answer.

interface Member {
  /** As canonical JSON, quotes included. */
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** A canonical object. It lies in memory that the next call of `canonicalObject` uses again. */
export interface CanonicalObject {
  /** The canonical text of a top-level value; keys with characters that JSON escapes are not found. */
  value(key: string): string | undefined
  /** `prefix`, and the top-level members in the order of their keys, without those `omitted`. Valid until the next call. */
  bytes(prefix: string, omitted: ReadonlySet<string>): Uint8Array
}

const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte === 0x22 || byte === 0x5c ? 0 : 1))

/** Larger buffers are not kept from call to call. */
const keptBytes = 1024 * 1024
let textScratch: Buffer = Buffer.alloc(0)
let sortedScratch: Buffer = Buffer.alloc(0)

/**
 * The canonical form of a body that `scanJson` has accepted; undefined where an object names a key twice, or is none:
 * readers disagree about which of two counts, so that nothing may be concluded from such a body.
 */
export function canonicalObject(json: Uint8Array): CanonicalObject | undefined {
  const bytes = Buffer.isBuffer(json) ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  // Never longer than what came: the only spellings that change grow shorter.
  const text = textScratch.length >= bytes.length ? textScratch : Buffer.allocUnsafeSlow(bytes.length)
  if (text.length <= keptBytes) textScratch = text
  const members = new Canonicaliser(bytes, text).run()
  return members && new Canonical(text, members)
}

class Canonical implements CanonicalObject {
  readonly #text: Buffer
  readonly #members: readonly Member[]

  constructor(text: Buffer, members: readonly Member[]) {
    this.#text = text
    this.#members = members.toSorted((left, right) => (left.key < right.key ? -1 : 1))
  }

  value(key: string): string | undefined {
    const quoted = `"${key}"`
    const member = this.#members.find((candidate) => candidate.key === quoted)
    return member && this.#text.toString('utf8', member.valueStart, member.end)
  }

  bytes(prefix: string, omitted: ReadonlySet<string>): Uint8Array {
    const needed = 3 * prefix.length + this.#text.length + 1
    const out = sortedScratch.length >= needed ? sortedScratch : Buffer.allocUnsafeSlow(needed)
    if (out.length <= 2 * keptBytes) sortedScratch = out
    let at = out.write(prefix, 'utf8')
    for (const { key, start, end } of this.#members) {
      if (omitted.has(key.slice(1, -1))) continue
      at += this.#text.copy(out, at, start, end)
      out[at++] = 0x2c
    }
    return out.subarray(0, at)
  }
}

/** From this many keys on an object's are kept in a set; comparing each with all is quicker below. */
const manyKeys = 24

/** The keys of one open object. */
interface KeyFrame {
  readonly starts: number[]
  readonly ends: number[]
  seen: Set<string> | undefined
}

class Canonicaliser {
  readonly #bytes: Buffer
  readonly #out: Buffer
  readonly #frames: (KeyFrame | undefined)[] = []
  #at = 0
  #end = 0
  #nextQuote = -1
  #nextBackslash = -1

  constructor(bytes: Buffer, out: Buffer) {
    this.#bytes = bytes
    this.#out = out
  }

  run(): readonly Member[] | undefined {
    this.#space()
    if (this.#bytes[this.#at++] !== 0x7b) return undefined
    const members: Member[] = []
    const frame = newFrame()
    for (;;) {
      this.#space()
      const byte = this.#bytes[this.#at]
      if (byte === 0x7d) return members
      if (byte === 0x2c) {
        this.#at++
        continue
      }
      if (byte !== 0x22) return undefined
      const member = this.#member(frame)
      if (member === undefined) return undefined
      members.push(member)
    }
  }

  #member(frame: KeyFrame): Member | undefined {
    const start = this.#end
    if (!this.#string() || !this.#isNewKey(frame, start)) return undefined
    const key = this.#out.toString('utf8', start, this.#end)
    this.#space()
    this.#copyByte()
    const valueStart = this.#end
    return this.#value() ? { key, start, valueStart, end: this.#end } : undefined
  }

  /** Copies one value. False where an object in it names a key twice. */
  #value(): boolean {
    const frames = this.#frames
    frames.length = 0
    let isKey = false
    for (;;) {
      const byte = this.#bytes[this.#at]
      switch (byte) {
        case undefined:
          return false
        case 0x20:
        case 0x09:
        case 0x0a:
        case 0x0d:
          this.#at++
          continue
        case 0x22: {
          const start = this.#end
          if (!this.#string()) return false
          const frame = frames.at(-1)
          if (isKey && frame && !this.#isNewKey(frame, start)) return false
          isKey = false
          continue
        }
        case 0x7b:
          frames.push(newFrame())
          isKey = true
          break
        case 0x5b:
          frames.push(undefined)
          isKey = false
          break
        case 0x7d:
        case 0x5d:
          if (frames.length === 0) return true
          frames.pop()
          break
        case 0x2c:
          if (frames.length === 0) return true
          isKey = frames.at(-1) !== undefined
      }
      this.#copyByte()
    }
  }

  #copyByte(): void {
    this.#out[this.#end++] = this.#bytes[this.#at++] ?? 0
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }

  #isNewKey(frame: KeyFrame, start: number): boolean {
    const end = this.#end
    const { starts, ends } = frame
    if (frame.seen === undefined && starts.length < manyKeys) {
      for (let index = 0; index < starts.length; index++)
        if (this.#isSame(starts[index] ?? 0, ends[index] ?? 0, start, end)) return false
      starts.push(start)
      ends.push(end)
      return true
    }
    frame.seen ??= new Set(starts.map((from, index) => this.#out.toString('latin1', from, ends[index])))
    const key = this.#out.toString('latin1', start, end)
    if (frame.seen.has(key)) return false
    frame.seen.add(key)
    return true
  }

  #isSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false
    for (let at = 0; at < end - start; at++) if (this.#out[start + at] !== this.#out[otherStart + at]) return false
    return true
  }

  /** Copies a string. False where it holds what no JSON string may. */
  #string(): boolean {
    const start = this.#at
    const isUsual = this.#skipString()
    if (isUsual) {
      this.#copy(start, this.#at)
      return true
    }
    try {
      const text: unknown = JSON.parse(this.#bytes.toString('utf8', start, this.#at))
      this.#end += this.#out.write(JSON.stringify(text), this.#end, 'utf8')
      return true
    } catch {
      return false // A raw control character, which the scan lets pass in long strings.
    }
  }

  #copy(start: number, end: number): void {
    // A native copy costs as much as some forty bytes one by one.
    if (end - start > 40) this.#end += this.#bytes.copy(this.#out, this.#end, start, end)
    else for (let at = start; at < end; at++) this.#out[this.#end++] = this.#bytes[at] ?? 0
  }

  /** Goes behind the string. True where each of its characters is written as JSON.stringify would. */
  #skipString(): boolean {
    const bytes = this.#bytes
    let at = this.#at + 1
    let near = at + 64
    let isUsual = true
    for (;;) {
      while (at < near && isPlain[bytes[at] ?? 0] === 1) at++
      if (at >= near) at = this.#nextMark(at)
      const byte = bytes[at]
      if (byte === 0x5c) {
        const kind = bytes[at + 1]
        // `\u…` may be another spelling of any character, `\/` is one of the slash.
        if (kind === 0x75 || kind === 0x2f) isUsual = false
        at += 2
        near = at + 64
        continue
      }
      this.#at = at + 1
      return isUsual && byte === 0x22
    }
  }

  // Remembered between calls: looking for a far quote after each escape would be quadratic.
  #nextMark(from: number): number {
    if (this.#nextQuote < from) this.#nextQuote = indexOr(this.#bytes, 0x22, from)
    if (this.#nextBackslash < from) this.#nextBackslash = indexOr(this.#bytes, 0x5c, from)
    return Math.min(this.#nextQuote, this.#nextBackslash)
  }
}

function newFrame(): KeyFrame {
  return { starts: [], ends: [], seen: undefined }
}

function indexOr(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from)
  return found === -1 ? bytes.length : found
}
