// A deadline that moves with every frame for the price of a field write: the one real timer re-arms itself when it fires early.

/** Fires `onFire` once no `touch` came for the armed span. Not re-armed by itself after firing. */
export class LazyTimer {
  readonly #onFire: () => void
  readonly #nowMs: () => number
  #spanMs = 0
  #touchedMs = 0
  #timer: NodeJS.Timeout | undefined
  /** It is due, and what has arrived meanwhile may still say otherwise. */
  #due: NodeJS.Immediate | undefined

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
    clearImmediate(this.#due)
    this.#timer = undefined
  }

  readonly #check = (): void => {
    if (this.#rearmed()) return
    // After a blocked loop timers come before sockets: what lies there is read first.
    this.#due = setImmediate(this.#settle)
  }

  readonly #settle = (): void => {
    if (this.#rearmed()) return
    this.#timer = undefined
    this.#onFire()
  }

  #rearmed(): boolean {
    const leftMs = this.#touchedMs + this.#spanMs - this.#nowMs()
    // Timers have whole milliseconds and may fire a fraction early; less than one left counts as over.
    if (leftMs < 1) return false
    this.#timer = setTimeout(this.#check, Math.ceil(leftMs))
    return true
  }
}
