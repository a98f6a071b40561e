// Parts that configurations share: opened by the first that has a use for it, closed once the last has given it back.

interface Entry<Part> {
  readonly part: Part
  holders: number
}

export interface Lease<Part> {
  readonly part: Part
  /** Idempotent; resolves once the part is closed, where this was its last lease. */
  release(): Promise<void>
}

/**
 * The key says what a part is made of: where two configurations agree in it, a part goes on as it is, with its sockets,
 * timers and all it has learnt.
 */
export class SharedParts<Part> {
  readonly #entries = new Map<string, Entry<Part>>()
  readonly #close: (part: Part) => void | Promise<void>

  constructor(close: (part: Part) => void | Promise<void>) {
    this.#close = close
  }

  get size(): number {
    return this.#entries.size
  }

  take(key: string, open: () => Part): Lease<Part> {
    const entry = this.#entries.get(key) ?? this.#open(key, open)
    entry.holders++
    let isHeld = true
    return {
      part: entry.part,
      release: async () => {
        if (!isHeld) return
        isHeld = false
        entry.holders--
        if (entry.holders > 0) return
        this.#entries.delete(key)
        await this.#close(entry.part)
      },
    }
  }

  #open(key: string, open: () => Part): Entry<Part> {
    const entry = { part: open(), holders: 0 }
    this.#entries.set(key, entry)
    return entry
  }
}

/** What one configuration holds of shared parts, given back together. */
export class Leases {
  readonly #leases: Lease<unknown>[] = []

  take<Part>(parts: SharedParts<Part>, key: string, open: () => Part): Part {
    const lease = parts.take(key, open)
    this.#leases.push(lease)
    return lease.part
  }

  /** Begins with the last: what came later may be made of what came before. */
  async release(): Promise<void> {
    const leases = this.#leases.splice(0).toReversed()
    await Promise.all(leases.map((lease) => lease.release()))
  }
}
