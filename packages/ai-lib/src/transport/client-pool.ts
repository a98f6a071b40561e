// The sockets to one origin: at most so many, warm ones first, a bounded queue before them, nothing spoilt kept.
import { Client, type Dispatcher } from 'undici'
import type { Dialler, Dialling } from './dialler.ts'
import { isUnsolicited } from './failure-kind.ts'
import type { UpstreamRequest } from './transport.ts'
import type { Leftover, UndiciFlight } from './undici-flight.ts'

export interface PoolParts {
  readonly origin: string
  readonly dial: Dialler
  readonly poolSize: number
  readonly idleTimeoutMs: number
  readonly maxQueued: number
  readonly queueTimeoutMs: number
}

/** One undici client, so one socket at a time, and the flight it carries. */
interface Slot {
  readonly client: Client
  dialling: Dialling | undefined
  flight: UndiciFlight | undefined
  connected: boolean
}

/**
 * Why not undici's `Pool`: its queue is unbounded and a request cannot leave it, it opens a connection before it has
 * looked for a warm one, and it does not tell which socket a request is on, so that a request that is cancelled while
 * connecting would leave a socket behind.
 */
export class ClientPool {
  readonly #parts: PoolParts
  readonly #idle: Slot[] = []
  readonly #slots = new Map<UndiciFlight, Slot>()
  readonly #queue = new Map<UndiciFlight, NodeJS.Timeout>()
  readonly #onClosed: (() => void)[] = []
  #live = 0
  #isClosed = false
  /** Set for good once the upstream wrote bytes nobody asked for: from then on every request gets its own socket. */
  #isDistrusted = false

  constructor(parts: PoolParts) {
    this.#parts = parts
  }

  start(flight: UndiciFlight): void {
    if (this.#isClosed) {
      queueMicrotask(() => flight.fail({ kind: 'refused', afterHead: false, cause: new Error('the channel is closed') }))
      return
    }
    const slot = this.#idle.pop() ?? this.#open()
    if (slot === undefined) this.#enqueue(flight)
    else this.#run(slot, flight)
  }

  /** To be called once for each flight that was started, when it is over. */
  readonly onDone = (flight: UndiciFlight, leftover: Leftover): void => {
    clearTimeout(this.#queue.get(flight))
    this.#queue.delete(flight)
    const slot = this.#slots.get(flight)
    if (slot === undefined) return
    this.#slots.delete(flight)
    slot.flight = undefined
    // Neither inside undici's callback, whose bookkeeping is half done. A spoilt socket must be gone before its client
    // could connect anew; a clean one waits for a turn of the loop, in which bytes nobody asked for would show.
    if (leftover === 'spoilt') {
      slot.dialling?.destroy()
      queueMicrotask(() => this.#settle(slot, leftover))
    } else setImmediate(() => this.#settle(slot, leftover))
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const slot of this.#idle.splice(0)) this.#dispose(slot)
    return new Promise((resolve) => {
      this.#onClosed.push(resolve)
      this.#tellClosed()
    })
  }

  #enqueue(flight: UndiciFlight): void {
    const { maxQueued, queueTimeoutMs } = this.#parts
    if (this.#queue.size >= maxQueued) {
      queueMicrotask(() => flight.fail({ kind: 'queue-full', afterHead: false }))
      return
    }
    const refuse = (): void => flight.fail({ kind: 'queue-full', afterHead: false })
    this.#queue.set(flight, setTimeout(refuse, queueTimeoutMs))
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
          if (socket !== undefined) done(null, socket)
          else done(error ?? new Error('no socket'), null)
        })
      },
    })
    const slot: Slot = { client, dialling: undefined, flight: undefined, connected: false }
    client.on('connect', () => {
      slot.connected = true
    })
    client.on('disconnect', (_origin, _targets, error) => {
      slot.connected = false
      if (isUnsolicited(error)) this.#isDistrusted = true
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
    slot.client.dispatch(dispatchOptions(flight.request, this.#isDistrusted), flight)
  }

  #settle(slot: Slot, leftover: Leftover): void {
    if (leftover === 'spoilt' || !slot.connected || this.#isDistrusted || this.#isClosed) this.#dispose(slot)
    else this.#idle.push(slot)
    this.#startQueued()
    this.#tellClosed()
  }

  #startQueued(): void {
    for (const [flight, timer] of this.#queue) {
      const slot = this.#idle.pop() ?? this.#open()
      if (slot === undefined) return
      clearTimeout(timer)
      this.#queue.delete(flight)
      this.#run(slot, flight)
    }
  }

  #dispose(slot: Slot): void {
    this.#live -= 1
    slot.dialling?.destroy()
    slot.client.destroy().catch(() => {
      // undici rejects only for a client that is destroyed already, and then there is nothing left to destroy.
    })
  }

  #tellClosed(): void {
    if (!this.#isClosed || this.#live > 0 || this.#queue.size > 0) return
    for (const resolve of this.#onClosed.splice(0)) resolve()
  }
}

function dispatchOptions(request: UpstreamRequest, isDistrusted: boolean): Dispatcher.DispatchOptions {
  const accept = request.stream ? 'identity' : (request.headers['accept-encoding'] ?? 'identity')
  const options: Dispatcher.DispatchOptions = {
    path: request.path,
    method: request.method,
    headers: { ...request.headers, 'accept-encoding': accept },
    body: request.body ?? null,
  }
  if (isDistrusted) options.reset = true
  return options
}
