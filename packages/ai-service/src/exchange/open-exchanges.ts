// The exchanges under way, for the end of a drain.
import type { AiError } from 'ai-lib/internal/errors/ai-error'

/** Something under way that can be ended with an error that its client understands. */
export interface Interruptible {
  interrupt(error: AiError): void
}

/** One place among the exchanges under way. */
export interface OpenPlace {
  readonly exchange: Interruptible
  index: number
}

/**
 * Why no Set: adding and deleting makes V8 replace its table every so many requests, each dead table that has grown old
 * keeps the next one and all it held alive until the next full collection, and half of all exchanges with them (measured:
 * 10 µs of collection per request). Here the last one moves into the place that was given up.
 */
export class OpenExchanges implements Iterable<Interruptible> {
  readonly #places: OpenPlace[] = []
  #onEmpty: (() => void) | undefined

  get size(): number {
    return this.#places.length
  }

  /** Keep what it gives: it is what `delete` takes. */
  add(exchange: Interruptible): OpenPlace {
    const place: OpenPlace = { exchange, index: this.#places.length }
    this.#places.push(place)
    return place
  }

  delete(place: OpenPlace): void {
    const last = this.#places.pop()
    if (last !== undefined && last !== place) {
      last.index = place.index
      this.#places[place.index] = last
    }
    if (this.#onEmpty !== undefined && this.#places.length === 0) this.#onEmpty()
  }

  /** Resolves once none is under way; to be asked where no further one begins. */
  emptied(): Promise<void> {
    if (this.#places.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
    })
  }

  *[Symbol.iterator](): Iterator<Interruptible> {
    // A copy: whoever is interrupted leaves while we walk.
    for (const { exchange } of this.#places.slice()) yield exchange
  }
}
