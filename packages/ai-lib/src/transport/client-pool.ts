// The connections to one origin: at most so many, warm ones first, a bounded queue before them, nothing spoilt kept.
import type { Dialler } from './dialler.ts'
import { HttpConnection } from './http-connection.ts'
import type { HttpFlight, Leftover } from './http-flight.ts'
import { WaitQueue } from './wait-queue.ts'

/** Milliseconds without keep-alive after an upstream wrote bytes that nobody had asked for. */
const distrustMs = 600_000
/** How much sooner than an upstream announces its closing an idle connection is given up: a request must not meet it. */
const announcedMarginMs = 1_000

export interface PoolParts {
  /** Value of the Host header. */
  readonly host: string
  readonly dial: Dialler
  readonly poolSize: number
  readonly idleTimeoutMs: number
  readonly maxQueued: number
  readonly queueTimeoutMs: number
  readonly callerShare: number
  readonly onWaiting: ((change: 1 | -1) => void) | undefined
  readonly keepAlive: boolean
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

/**
 * Unsolicited answers. HTTP/1.1 matches answers to requests by order alone, so an upstream that writes one more than it
 * was asked for poisons keep-alive. Bytes behind an answer and on an idle connection destroy it before it is used again,
 * and then this pool works without keep-alive for ten minutes. What no client can see is an extra answer that arrives
 * just after the next request was written: `keepAlive: false` gives every request a connection of its own, which ends this
 * for an upstream that is not trusted, at the price of a connection per request.
 */
export class ClientPool {
  readonly #parts: PoolParts
  /** The longest idle first. */
  readonly #idle: HttpConnection[] = []
  #busyCount = 0
  readonly #queue: WaitQueue<HttpFlight>
  /** Connections of one caller at most, and how many each has: kept only where that is less than the pool. */
  readonly #maxOfCaller: number
  readonly #held = new Map<string | undefined, number>()
  readonly #onClosed: (() => void)[] = []
  #released: HttpConnection[] = []
  #sweeper: NodeJS.Timeout | undefined
  /** Monotonic milliseconds at which the sweeper fires; one that has to go sooner moves it. */
  #sweepAtMs = Infinity
  #isClosed = false
  #distrustedUntilMs = 0

  constructor(parts: PoolParts) {
    this.#parts = parts
    const { poolSize, maxQueued, callerShare, queueTimeoutMs: timeoutMs, onWaiting: onChange } = parts
    const shareOf = (whole: number): number =>
      callerShare < 1 ? Math.max(1, Math.floor(whole * callerShare)) : Infinity
    this.#maxOfCaller = shareOf(poolSize)
    this.#queue = new WaitQueue({ max: maxQueued, maxOfCaller: shareOf(maxQueued), timeoutMs, onChange })
  }

  start(flight: HttpFlight): void {
    if (this.#isClosed) {
      queueMicrotask(() =>
        flight.fail({ kind: 'refused', afterHead: false, cause: new Error('the channel is closed') }),
      )
      return
    }
    const connection = this.#mayHold(flight.caller) ? this.#take() : undefined
    if (connection === undefined) this.#queue.add(flight)
    else this.#run(connection, flight)
  }

  /** To be called once for each flight that was started, when it is over. */
  readonly onDone = (flight: HttpFlight, leftover: Leftover): void => {
    const { connection } = flight
    if (connection === undefined) {
      this.#queue.delete(flight)
      return
    }
    flight.connection = undefined
    this.#hold(flight.caller, -1)
    if (leftover === 'spoilt') connection.destroy()
    else {
      // Not used again in this turn of the loop, so that bytes nobody asked for can show.
      if (this.#released.length === 0) setImmediate(this.#settle)
      this.#released.push(connection)
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#sweeper)
    for (const connection of this.#idle.splice(0)) connection.destroy()
    return new Promise((resolve) => {
      this.#onClosed.push(resolve)
      this.#tellClosed()
    })
  }

  #take(): HttpConnection | undefined {
    return this.#idle.pop() ?? this.#open()
  }

  get #hasRoom(): boolean {
    return this.#busyCount + this.#idle.length < this.#parts.poolSize
  }

  #open(): HttpConnection | undefined {
    if (!this.#hasRoom) return undefined
    const { dial, host } = this.#parts
    return new HttpConnection({ dial, host, onClosed: this.#forget })
  }

  #run(connection: HttpConnection, flight: HttpFlight): void {
    this.#busyCount += 1
    connection.use = 'busy'
    flight.connection = connection
    this.#hold(flight.caller, 1)
    connection.start(flight, this.#isDistrusted())
  }

  readonly #settle = (): void => {
    const released = this.#released
    this.#released = []
    for (const connection of released) {
      // Closed in the meantime, and forgotten.
      if (connection.use !== 'busy') continue
      if (!connection.isReusable || this.#isDistrusted() || this.#isClosed) connection.destroy()
      else this.#rest(connection)
    }
    this.#startQueued()
  }

  #rest(connection: HttpConnection): void {
    this.#busyCount -= 1
    connection.use = 'idle'
    connection.idleSinceMs = this.#parts.nowMs()
    connection.rest()
    this.#idle.push(connection)
    const idleMs = this.#idleMs(connection)
    if (connection.idleSinceMs + idleMs < this.#sweepAtMs) this.#sweepAfter(idleMs)
  }

  #sweepAfter(ms: number): void {
    clearTimeout(this.#sweeper)
    this.#sweepAtMs = this.#parts.nowMs() + ms
    this.#sweeper = setTimeout(this.#sweep, ms).unref()
  }

  #idleMs({ keepAliveMs }: HttpConnection): number {
    const { idleTimeoutMs } = this.#parts
    if (keepAliveMs === undefined) return Math.max(1, idleTimeoutMs)
    return Math.max(1, Math.min(idleTimeoutMs, keepAliveMs - announcedMarginMs))
  }

  // One timer for all of them: a busy pool would otherwise arm and clear one for every request.
  readonly #sweep = (): void => {
    this.#sweepAtMs = Infinity
    const nowMs = this.#parts.nowMs()
    let nextMs: number | undefined
    for (const connection of this.#idle.slice()) {
      const leftMs = connection.idleSinceMs + this.#idleMs(connection) - nowMs
      // Timers have whole milliseconds and may fire a fraction early.
      if (leftMs < 1) connection.destroy()
      else if (nextMs === undefined || leftMs < nextMs) nextMs = leftMs
    }
    if (nextMs !== undefined) this.#sweepAfter(nextMs)
  }

  #startQueued(): void {
    while (this.#queue.size > 0 && (this.#idle.length > 0 || this.#hasRoom)) {
      const flight = this.#queue.take(this.#mayHold)
      const connection = flight && this.#take()
      if (flight === undefined || connection === undefined) return
      this.#run(connection, flight)
    }
  }

  readonly #mayHold = (caller: string | undefined): boolean =>
    this.#maxOfCaller === Infinity || (this.#held.get(caller) ?? 0) < this.#maxOfCaller

  #hold(caller: string | undefined, change: 1 | -1): void {
    if (this.#maxOfCaller === Infinity) return
    const held = (this.#held.get(caller) ?? 0) + change
    if (held === 0) this.#held.delete(caller)
    else this.#held.set(caller, held)
  }

  readonly #forget = (connection: HttpConnection, why: 'closed' | 'unasked'): void => {
    if (connection.use === 'busy') this.#busyCount -= 1
    else {
      const index = this.#idle.indexOf(connection)
      if (index !== -1) this.#idle.splice(index, 1)
    }
    connection.use = 'gone'
    if (why === 'unasked') this.#distrust()
    // Not inside the call that closed it: its owner may be about to use what it just gave up.
    queueMicrotask(() => {
      this.#startQueued()
      this.#tellClosed()
    })
  }

  #isDistrusted(): boolean {
    if (!this.#parts.keepAlive) return true
    return this.#distrustedUntilMs !== 0 && this.#parts.nowMs() < this.#distrustedUntilMs
  }

  #distrust(): void {
    this.#distrustedUntilMs = this.#parts.nowMs() + distrustMs
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #tellClosed(): void {
    if (!this.#isClosed || this.#busyCount + this.#queue.size > 0) return
    for (const resolve of this.#onClosed.splice(0)) resolve()
  }
}
