// A deadline that moves with every frame for the price of a field write: the one real timer re-arms itself when it fires early.

/** Fires `onFire` once no `touch` came for the armed span. Not re-armed by itself after firing. */
export class LazyTimer {
  readonly #onFire: () => void
  readonly #nowMs: () => number
  #spanMs = 0
  #touchedMs = 0
  #timer: NodeJS.Timeout | undefined

  /** `nowMs` must be monotonic: a clock that is set back must not stretch a timeout. */
  constructor(onFire: () => void, nowMs: () => number = () => performance.now()) {
    this.#onFire = onFire
    this.#nowMs = nowMs
  }

  /** Starts, or starts over with another span. */
  arm(spanMs: number): void {
    this.clear()
    this.#spanMs = spanMs
    this.#touchedMs = this.#nowMs()
    this.#timer = setTimeout(this.#check, spanMs)
  }

  /** Moves the deadline to `nowMs` plus the span. Does nothing while not armed. */
  touch(nowMs: number): void {
    this.#touchedMs = nowMs
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #check = (): void => {
    const leftMs = this.#touchedMs + this.#spanMs - this.#nowMs()
    // Timers have whole milliseconds and may fire a fraction early; less than one left counts as over.
    if (leftMs >= 1) {
      this.#timer = setTimeout(this.#check, Math.ceil(leftMs))
      return
    }
    this.#timer = undefined
    this.#onFire()
  }
}
