// The generation that serves, and those before it that still have exchanges under way.
import type { Interruptible, OpenExchanges } from '../exchange/open-exchanges.ts'

/** What is replaced as a whole. */
export interface Replaceable {
  /** Exchanges that began here and are not over. */
  readonly open: OpenExchanges
  /** Ends what it does by itself: watches, timers, probes. What is under way goes on. */
  retire(): Promise<void>
  /** Gives back what no other has a use for. Idempotent. */
  close(): Promise<void>
}

export class Generations<Generation extends Replaceable> implements Iterable<Interruptible> {
  readonly #leaving = new Set<Generation>()
  readonly #onFault: (thrown: unknown) => void
  #current: Generation | undefined

  /** @param onFault told of what could not be closed: others serve already, and nobody waits for it. */
  constructor(onFault: (thrown: unknown) => void) {
    this.#onFault = onFault
  }

  /** Read once per request: what it takes here it keeps to its end. */
  get current(): Generation {
    if (this.#current === undefined) throw new Error('Nothing serves yet.')
    return this.#current
  }

  /** Exchanges under way, whatever they began on. */
  get size(): number {
    let size = this.#current?.open.size ?? 0
    for (const { open } of this.#leaving) size += open.size
    return size
  }

  /** Generations that are not closed yet. */
  get count(): number {
    return this.#leaving.size + (this.#current === undefined ? 0 : 1)
  }

  /** From now on this one serves; the one before is closed once its last exchange has settled. */
  replace(next: Generation): void {
    const former = this.#current
    this.#current = next
    if (former === undefined) return
    this.#leaving.add(former)
    this.#leave(former).catch((thrown: unknown) => this.#onFault(thrown))
  }

  async #leave(former: Generation): Promise<void> {
    const retired = former.retire()
    await former.open.emptied()
    this.#leaving.delete(former)
    await Promise.all([retired, former.close()])
  }

  /** Closes all of them, whatever is under way. */
  async close(): Promise<void> {
    const all = [...this.#leaving, ...(this.#current === undefined ? [] : [this.#current])]
    await Promise.all(all.map((generation) => generation.close()))
  }

  *[Symbol.iterator](): Iterator<Interruptible> {
    for (const { open } of this.#leaving) yield* open
    if (this.#current) yield* this.#current.open
  }
}
