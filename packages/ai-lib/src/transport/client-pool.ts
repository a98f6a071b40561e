// The sockets to one origin: at most so many, warm ones first, a bounded queue before them, nothing spoilt kept.
import { Readable } from 'node:stream'
import type { Client as UndiciClient, Dispatcher } from 'undici'
// The main entry loads fetch, WebSocket, caches and mocks as well: 13 MB and 60 ms that nobody here uses. The version is
// pinned exactly, because this path is not part of undici's promise.
import Client from 'undici/lib/dispatcher/client.js'
import type { Dialler, Dialling } from './dialler.ts'
import { isUnsolicited } from './failure-kind.ts'
import type { UpstreamRequest } from './transport.ts'
import type { Leftover, UndiciFlight } from './undici-flight.ts'
import { WaitQueue } from './wait-queue.ts'

/** Milliseconds without keep-alive after an upstream wrote bytes that nobody had asked for. */
const distrustMs = 600_000

export interface PoolParts {
  readonly origin: string
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

/** One undici client, so one socket at a time, and the flight it carries. */
interface Slot {
  readonly client: UndiciClient
  dialling: Dialling | undefined
  flight: UndiciFlight | undefined
  connected: boolean
  isSpoilt: boolean
}

/**
 * Why not undici's `Pool`: its queue is unbounded and a request cannot leave it, it opens a connection before it has
 * looked for a warm one, and it does not tell which socket a request is on, so that a request that is cancelled while
 * connecting would leave a socket behind.
 *
 * Unsolicited answers. HTTP/1.1 matches answers to requests by order alone, so an upstream that writes one more than it
 * was asked for poisons keep-alive. Bytes behind an answer and on an idle socket destroy it before it is used again
 * (undici looks once more in the turn of the loop before it writes), and then this pool works without keep-alive for ten
 * minutes. What no client can see is an extra answer that arrives just after the next request was written. Measured on
 * loopback, an extra answer 0-1 ms after each real one, 200 requests back to back: undici's Pool hands 1 to 10 of them
 * to a wrong request on one socket and 28 to 36 on eight, this pool 0 or 1 and 1 to 3, all before it has caught the
 * first; with 10 ms between requests both none. `keepAlive: false` gives every request a socket of its own, which ends this
 * for an upstream that is not trusted, at the price of a connection per request.
 */
export class ClientPool {
  readonly #parts: PoolParts
  readonly #idle: Slot[] = []
  readonly #slots = new Map<UndiciFlight, Slot>()
  readonly #queue: WaitQueue<UndiciFlight>
  /** Sockets of one caller at most, and how many each has: kept only where that is less than the pool. */
  readonly #maxOfCaller: number
  readonly #held = new Map<string | undefined, number>()
  readonly #onClosed: (() => void)[] = []
  #live = 0
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

  start(flight: UndiciFlight): void {
    if (this.#isClosed) {
      queueMicrotask(() =>
        flight.fail({ kind: 'refused', afterHead: false, cause: new Error('the channel is closed') }),
      )
      return
    }
    const slot = this.#mayHold(flight.caller) ? (this.#idle.pop() ?? this.#open()) : undefined
    if (slot === undefined) this.#queue.add(flight)
    else this.#run(slot, flight)
  }

  /** To be called once for each flight that was started, when it is over. */
  readonly onDone = (flight: UndiciFlight, leftover: Leftover): void => {
    const slot = this.#slots.get(flight)
    if (slot === undefined) {
      this.#queue.delete(flight)
      return
    }
    this.#slots.delete(flight)
    slot.flight = undefined
    // Neither inside undici's callback, whose bookkeeping is half done. A spoilt socket must be gone before its client
    // could connect anew; a clean one waits for a turn of the loop, in which bytes nobody asked for would show.
    if (leftover === 'spoilt') {
      slot.isSpoilt = true
      queueMicrotask(() => this.#settle(slot, flight))
    } else setImmediate(() => this.#settle(slot, flight))
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const slot of this.#idle.splice(0)) this.#dispose(slot)
    return new Promise((resolve) => {
      this.#onClosed.push(resolve)
      this.#tellClosed()
    })
  }

  #open(): Slot | undefined {
    if (this.#live >= this.#parts.poolSize) return undefined
    this.#live += 1
    const { origin, dial, idleTimeoutMs } = this.#parts
    const client = new Client(origin, {
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: Math.max(1, idleTimeoutMs),
      keepAliveMaxTimeout: Math.max(1, idleTimeoutMs),
      connect: (_target, done) => {
        slot.dialling = dial((error, socket) => {
          if (socket === undefined) {
            done(error ?? new Error('no socket'), null)
            return
          }
          socket.on('error', (broken) => slot.flight?.socketBroke(broken))
          done(null, socket)
        })
      },
    })
    const slot: Slot = { client, dialling: undefined, flight: undefined, connected: false, isSpoilt: false }
    client.on('connect', () => {
      slot.connected = true
    })
    client.on('disconnect', (_origin, _targets, error) => {
      slot.connected = false
      // A flight that was being answered has failed by now: bytes that broke it were asked for.
      if (!slot.isSpoilt && isUnsolicited(error)) this.#distrust()
      const index = this.#idle.indexOf(slot)
      if (index === -1) return
      this.#idle.splice(index, 1)
      this.#dispose(slot)
    })
    return slot
  }

  #run(slot: Slot, flight: UndiciFlight): void {
    slot.flight = flight
    this.#slots.set(flight, slot)
    this.#hold(flight.caller, 1)
    slot.client.dispatch(dispatchOptions(flight.request, this.#isDistrusted()), flight)
  }

  #settle(slot: Slot, { caller }: UndiciFlight): void {
    this.#hold(caller, -1)
    if (slot.isSpoilt || !slot.connected || this.#isDistrusted() || this.#isClosed) this.#dispose(slot)
    else this.#idle.push(slot)
    this.#startQueued()
    this.#tellClosed()
  }

  #startQueued(): void {
    while (this.#queue.size > 0 && (this.#idle.length > 0 || this.#live < this.#parts.poolSize)) {
      const flight = this.#queue.take(this.#mayHold)
      const slot = flight && (this.#idle.pop() ?? this.#open())
      if (flight === undefined || slot === undefined) return
      this.#run(slot, flight)
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

  #dispose(slot: Slot): void {
    this.#live -= 1
    slot.dialling?.destroy()
    slot.client.destroy().catch(() => {
      // undici rejects only for a client that is destroyed already, and then there is nothing left to destroy.
    })
  }

  #isDistrusted(): boolean {
    if (!this.#parts.keepAlive) return true
    return this.#distrustedUntilMs !== 0 && this.#parts.nowMs() < this.#distrustedUntilMs
  }

  #distrust(): void {
    this.#distrustedUntilMs = this.#parts.nowMs() + distrustMs
    for (const slot of this.#idle.splice(0)) this.#dispose(slot)
  }

  #tellClosed(): void {
    if (!this.#isClosed || this.#live > 0 || this.#queue.size > 0) return
    for (const resolve of this.#onClosed.splice(0)) resolve()
  }
}

function dispatchOptions(request: UpstreamRequest, isDistrusted: boolean): Dispatcher.DispatchOptions {
  const { path, method, body, stream } = request
  const accept = stream ? 'identity' : (request.headers['accept-encoding'] ?? 'identity')
  const isAsked = request.headers['accept-encoding'] === accept
  const headers = isAsked ? request.headers : { ...request.headers, 'accept-encoding': accept }
  const options: Dispatcher.DispatchOptions = { path, method, headers, body: null }
  if (body instanceof Uint8Array) options.body = body
  else if (body?.length === 1) options.body = body[0] ?? null
  else if (body !== undefined) {
    // Joining a large body would cost more than sending it; how long a stream is only we can say.
    options.body = Readable.from(body)
    const length = body.reduce((sum, piece) => sum + piece.length, 0)
    options.headers = { ...headers, 'content-length': String(length) }
  }
  if (isDistrusted) options.reset = true
  return options
}
