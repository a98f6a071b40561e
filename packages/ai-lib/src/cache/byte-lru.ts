// A map that holds at most so many bytes, each entry for at most so long; what was asked for longest ago goes first.

/** Bytes that an entry costs besides its key and value: a map's slot, the entry itself, two headers. */
const overheadBytes = 160

export interface ByteLruOptions {
  /** All entries together, keys and bookkeeping included. */
  readonly maxBytes: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

interface Held<Value> {
  readonly value: Value
  readonly bytes: number
  readonly expiresMs: number
}

export class ByteLru<Value> {
  readonly #maxBytes: number
  readonly #nowMs: () => number
  /** In the order of use, the longest unused first. */
  readonly #entries = new Map<string, Held<Value>>()
  #bytes = 0

  constructor({ maxBytes, nowMs }: ByteLruOptions) {
    this.#maxBytes = maxBytes
    this.#nowMs = nowMs
  }

  /** What all entries cost, expired ones that nobody asked for included. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const held = this.#entries.get(key)
    if (held === undefined) return undefined
    this.#entries.delete(key)
    if (held.expiresMs <= this.#nowMs()) {
      this.#bytes -= held.bytes
      return undefined
    }
    this.#entries.set(key, held)
    return held.value
  }

  /**
   * Puts `value` in the place of what is there.
   * @param valueBytes what the value costs in memory.
   * @returns false where it is larger than everything may be: then nothing is held under the key.
   */
  set(key: string, value: Value, valueBytes: number, ttlMs: number): boolean {
    this.delete(key)
    // Strings take up to two bytes a character.
    const bytes = valueBytes + 2 * key.length + overheadBytes
    if (bytes > this.#maxBytes || ttlMs <= 0) return false
    this.#entries.set(key, { value, bytes, expiresMs: this.#nowMs() + ttlMs })
    this.#bytes += bytes
    if (this.#bytes > this.#maxBytes) this.#makeRoom()
    return true
  }

  #makeRoom(): void {
    for (const oldest of this.#entries.keys()) {
      this.delete(oldest)
      if (this.#bytes <= this.#maxBytes) return
    }
  }

  delete(key: string): void {
    const held = this.#entries.get(key)
    if (held === undefined) return
    this.#entries.delete(key)
    this.#bytes -= held.bytes
  }
}
