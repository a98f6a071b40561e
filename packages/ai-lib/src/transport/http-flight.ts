// One request on its way: bounds, timers and encodings of its answer, without promises or allocations per chunk.
import type { Carried, HttpConnection } from './http-connection.ts'
import { createInflater, encodingsOf, type Inflater } from './inflate.ts'
import type { AnswerHeaders, Flight, TransportFailure, UpstreamRequest, UpstreamSink } from './transport.ts'
import type { Waiter } from './wait-queue.ts'

/** Bytes that a whole answer may have, inflated. */
const defaultMaxAnswerBytes = 64 * 1024 * 1024

/** Before the head, after it, or over. `waiting` starts when the request is written to a socket. */
type Phase = 'queued' | 'waiting' | 'body' | 'done'

/** How a flight left its connection: `clean` may serve the next one, `spoilt` must be destroyed. */
export type Leftover = 'clean' | 'spoilt'

export class HttpFlight implements Flight, Waiter, Carried {
  readonly request: UpstreamRequest
  readonly #sink: UpstreamSink
  readonly #onDone: (flight: HttpFlight, leftover: Leftover) => void
  readonly #maxBytes: number
  /** Which connection carries it; set by the pool. */
  connection: HttpConnection | undefined
  #phase: Phase = 'queued'
  #paused = false
  #isFlushed = false
  #bounded = false
  #bytes = 0
  #headTimer: NodeJS.Timeout | undefined
  #inflater: Inflater | undefined

  constructor(request: UpstreamRequest, sink: UpstreamSink, onDone: (flight: HttpFlight, leftover: Leftover) => void) {
    this.request = request
    this.#sink = sink
    this.#onDone = onDone
    this.#maxBytes = request.maxAnswerBytes ?? defaultMaxAnswerBytes
  }

  get isDone(): boolean {
    return this.#phase === 'done'
  }

  get isSent(): boolean {
    return this.#isFlushed
  }

  get caller(): string | undefined {
    return this.request.caller
  }

  /** Never within `send`: its caller has no flight yet. */
  refuse(reason: string): void {
    queueMicrotask(() => this.fail({ kind: 'queue-full', afterHead: false, reason }))
  }

  pause(): void {
    this.#paused = true
    this.#inflater?.pause()
    if (this.#isUnderWay) this.connection?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#inflater?.resume()
    if (this.#isUnderWay) this.connection?.resume()
  }

  destroy(): void {
    if (this.#phase !== 'done') this.#finish('spoilt')
  }

  /** Ends it with a failure, unless it is over already. */
  fail(failure: TransportFailure): void {
    if (this.#phase === 'done') return
    this.#finish('spoilt')
    this.#sink.fail(failure)
  }

  /** The request goes out now. */
  sent(): void {
    this.#phase = 'waiting'
    if (this.#paused) this.connection?.pause()
    const { stream, headTimeoutMs } = this.request
    if (stream && headTimeoutMs !== undefined && headTimeoutMs > 0) {
      // After a blocked loop timers come before sockets: a head that lies there is in time.
      this.#headTimer = setTimeout(() => setImmediate(() => this.#headless()), headTimeoutMs)
    }
  }

  #headless(): void {
    if (this.#phase === 'waiting') this.fail({ kind: 'timeout', timer: 'head', afterHead: false })
  }

  flushed(): void {
    this.#isFlushed = true
  }

  head(status: number, headers: AnswerHeaders): void {
    if (this.#phase !== 'waiting') return
    this.#phase = 'body'
    clearTimeout(this.#headTimer)
    const encodings = encodingsOf(headers['content-encoding'])
    const isStream = this.request.stream && status < 300
    if (encodings === 'refused' || (isStream && encodings.length > 0)) {
      this.fail({ kind: 'encoding', afterHead: true })
      return
    }
    // A refusal of a stream is a whole answer.
    this.#bounded = !isStream
    if (encodings.length === 0) {
      this.#sink.head(status, headers)
      return
    }
    this.#inflater = this.#createInflater(encodings)
    this.#sink.head(status, { ...headers, 'content-encoding': undefined, 'content-length': undefined })
  }

  data(chunk: Buffer): void {
    if (this.#phase !== 'body') return
    if (this.#inflater !== undefined) {
      if (!this.#inflater.write(chunk)) this.connection?.pause()
    } else if (this.#bounded) this.#deliverCounted(chunk)
    else this.#sink.data(chunk)
  }

  /** The answer's last byte has come. */
  end(): void {
    if (this.#phase !== 'body') return
    if (this.#inflater !== undefined) {
      this.#inflater.end()
      return
    }
    this.#finish('clean')
    this.#sink.end()
  }

  get #isUnderWay(): boolean {
    return this.#phase === 'waiting' || this.#phase === 'body'
  }

  #deliverCounted(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) this.fail({ kind: 'too-large', afterHead: true })
    else this.#sink.data(chunk)
  }

  #createInflater(encodings: readonly string[]): Inflater {
    return createInflater(encodings, {
      data: (chunk) => this.#deliverCounted(chunk),
      end: () => {
        this.#finish('clean')
        this.#sink.end()
      },
      broken: (cause) => this.fail({ kind: 'encoding', afterHead: true, cause }),
      drained: () => {
        if (!this.#paused) this.connection?.resume()
      },
    })
  }

  #finish(leftover: Leftover): void {
    this.#phase = 'done'
    clearTimeout(this.#headTimer)
    this.#inflater?.destroy()
    this.#onDone(this, leftover)
  }
}
