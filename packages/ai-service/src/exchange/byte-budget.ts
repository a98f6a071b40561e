// One budget for all bodies that are held in memory at a time; beyond it requests are refused before they are read.

export interface ByteLease {
  /** Raises the lease to `bytes` in all. False where the budget has no room. */
  grow(bytes: number): boolean
  /** Idempotent. */
  release(): void
}

export class ByteBudget {
  #limit: number
  #held = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get heldBytes(): number {
    return this.#held
  }

  /** What is held beyond it stays held; nothing more is lent until there is room. */
  set limitBytes(bytes: number) {
    this.#limit = bytes
  }

  hasRoom(bytes: number): boolean {
    return this.#held + bytes <= this.#limit
  }

  /** A lease of `bytes`, or undefined where there is no room. */
  lease(bytes: number): ByteLease | undefined {
    if (!this.hasRoom(bytes)) return undefined
    this.#held += bytes
    return new Lease(bytes, (delta) => this.#take(delta))
  }

  #take(delta: number): boolean {
    if (delta > 0 && this.#held + delta > this.#limit) return false
    this.#held += delta
    return true
  }
}

class Lease implements ByteLease {
  readonly #take: (delta: number) => boolean
  #bytes: number
  #released = false

  constructor(bytes: number, take: (delta: number) => boolean) {
    this.#bytes = bytes
    this.#take = take
  }

  grow(bytes: number): boolean {
    if (this.#released || bytes <= this.#bytes) return !this.#released
    if (!this.#take(bytes - this.#bytes)) return false
    this.#bytes = bytes
    return true
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#take(-this.#bytes)
  }
}
