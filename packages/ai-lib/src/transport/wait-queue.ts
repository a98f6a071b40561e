// Who waits for a connection: bounded, each with a deadline, callers served in turn so that none waits behind another's burst.

/** What may wait: a request of some caller. `undefined` is everybody who says no name. */
export interface Waiter {
  readonly caller: string | undefined
  /** Told once, where its turn does not come: which limit it met. */
  refuse(reason: string): void
}

export interface WaitQueueParts {
  /** Waiters at most, of all callers together. */
  readonly max: number
  /** Waiters of one caller at most. */
  readonly maxOfCaller: number
  readonly timeoutMs: number
  /** Told of each that begins and each that stops waiting. */
  readonly onChange?: ((change: 1 | -1) => void) | undefined
}

type Line<Item> = Map<Item, NodeJS.Timeout>

/**
 * One line per caller, the lines served in turn. Where the queue is full, a caller with fewer waiting than another takes
 * the place of the one who came last in the longest line: a burst of one caller never keeps another out.
 */
export class WaitQueue<Item extends Waiter> {
  readonly #parts: WaitQueueParts
  /** In the order of their turns. */
  readonly #lines = new Map<string | undefined, Line<Item>>()
  #size = 0

  constructor(parts: WaitQueueParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#size
  }

  /** Refuses the item, or another in its place, where a bound is met. */
  add(item: Item): void {
    const { max, maxOfCaller, timeoutMs } = this.#parts
    const own = this.#lines.get(item.caller)?.size ?? 0
    if (own >= maxOfCaller) {
      item.refuse(`This caller has ${own} waiting for one already, which is its share.`)
      return
    }
    if (this.#size >= max && !this.#makePlace(own)) {
      item.refuse(`${this.#size} wait for one already, which is the limit.`)
      return
    }
    const line = this.#lines.get(item.caller) ?? new Map()
    this.#lines.set(item.caller, line)
    line.set(
      item,
      // One that comes free in this turn of the loop, as after a blocked one, is still its own.
      setTimeout(
        () => setImmediate(() => line.has(item) && item.refuse(`None came free within ${timeoutMs} ms.`)),
        timeoutMs,
      ),
    )
    this.#size += 1
    this.#parts.onChange?.(1)
  }

  /** Takes an item out that does not wait any longer. False where it did not wait. */
  delete(item: Item): boolean {
    const line = this.#lines.get(item.caller)
    const timer = line?.get(item)
    if (line === undefined || timer === undefined) return false
    clearTimeout(timer)
    line.delete(item)
    if (line.size === 0) this.#lines.delete(item.caller)
    this.#size -= 1
    this.#parts.onChange?.(-1)
    return true
  }

  /** The next one whose caller may go now; its caller's next turn comes after everybody else's. */
  take(mayGo: (caller: string | undefined) => boolean): Item | undefined {
    for (const [caller, line] of this.#lines) {
      const [item] = line.keys()
      if (item === undefined || !mayGo(caller)) continue
      this.delete(item)
      if (line.size > 0) {
        this.#lines.delete(caller)
        this.#lines.set(caller, line)
      }
      return item
    }
    return undefined
  }

  // Only where the two are equal at most afterwards: else callers would push each other out in turn for ever.
  #makePlace(own: number): boolean {
    let longest: Line<Item> | undefined
    for (const line of this.#lines.values()) if (line.size > (longest?.size ?? 0)) longest = line
    if (longest === undefined || longest.size <= own + 1) return false
    const last = [...longest.keys()].at(-1)
    if (last === undefined) return false
    this.delete(last)
    last.refuse(`${this.#parts.max} wait for one already, which is the limit, most of them of this caller.`)
    return true
  }
}
