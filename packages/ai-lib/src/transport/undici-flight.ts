// One request on its way through undici: the hot path, a handler without promises or allocations per chunk.
import type { Dispatcher } from 'undici'
import { failureOf } from './failure-kind.ts'
import { createInflater, encodingsOf, type Inflater } from './inflate.ts'
import type { Flight, TransportFailure, UpstreamRequest, UpstreamSink } from './transport.ts'
import type { Waiter } from './wait-queue.ts'

/** Bytes that a whole answer may have, inflated. */
const defaultMaxAnswerBytes = 64 * 1024 * 1024

/** Before the head, after it, or over. `waiting` starts when the request is handed to a socket. */
type Phase = 'queued' | 'waiting' | 'body' | 'done'

/** How a flight left its socket: `clean` may serve the next one, `spoilt` must be destroyed. */
export type Leftover = 'clean' | 'spoilt'

type AnswerHead = Readonly<Record<string, string | readonly string[] | undefined>>

/** The port's `Flight` and undici's handler in one object, so that a chunk passes through one call. */
export class UndiciFlight implements Flight, Waiter, Dispatcher.DispatchHandler {
  readonly request: UpstreamRequest
  readonly #sink: UpstreamSink
  readonly #onDone: (flight: UndiciFlight, leftover: Leftover) => void
  readonly #maxBytes: number
  #phase: Phase = 'queued'
  #paused = false
  #bounded = false
  #bytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #headTimer: NodeJS.Timeout | undefined
  #inflater: Inflater | undefined
  #broken: Error | undefined

  constructor(
    request: UpstreamRequest,
    sink: UpstreamSink,
    onDone: (flight: UndiciFlight, leftover: Leftover) => void,
  ) {
    this.request = request
    this.#sink = sink
    this.#onDone = onDone
    this.#maxBytes = request.maxAnswerBytes ?? defaultMaxAnswerBytes
  }

  get isDone(): boolean {
    return this.#phase === 'done'
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
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#inflater?.resume()
    this.#controller?.resume()
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

  /**
   * To be told of the socket's error before undici: undici takes a reset of a close-delimited body for its end. Only
   * remembered, because ending the request here would trip undici's assertions while it handles the same error.
   */
  socketBroke(error: Error): void {
    // Before it is sent, undici connects anew without a word.
    if (this.#phase !== 'queued') this.#broken = error
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#phase === 'done') {
      controller.abort(new Error('destroyed before it was sent'))
      return
    }
    this.#phase = 'waiting'
    if (this.#paused) controller.pause()
    const { stream, headTimeoutMs } = this.request
    if (stream && headTimeoutMs !== undefined && headTimeoutMs > 0) {
      this.#headTimer = setTimeout(() => {
        this.fail({ kind: 'timeout', timer: 'head', afterHead: false })
      }, headTimeoutMs)
    }
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHead): void {
    // 1xx (early hints) are not the answer.
    if (this.#phase !== 'waiting' || status < 200) return
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

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase !== 'body') return
    if (this.#inflater !== undefined) {
      if (!this.#inflater.write(chunk)) this.#controller?.pause()
    } else if (this.#bounded) this.#deliverCounted(chunk)
    else this.#sink.data(chunk)
  }

  onResponseEnd(): void {
    if (this.#phase !== 'body') return
    if (this.#broken !== undefined) {
      this.fail(failureOf(this.#broken, true))
      return
    }
    if (this.#inflater !== undefined) {
      this.#inflater.end()
      return
    }
    this.#finish('clean')
    this.#sink.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const failure = failureOf(error, this.#phase === 'body')
    // undici may refuse a request while `send` still runs, before the caller has the flight that fails.
    if (this.#phase === 'queued') queueMicrotask(() => this.fail(failure))
    else this.fail(failure)
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
        if (!this.#paused) this.#controller?.resume()
      },
    })
  }

  #finish(leftover: Leftover): void {
    const wasSent = this.#phase === 'waiting' || this.#phase === 'body'
    this.#phase = 'done'
    clearTimeout(this.#headTimer)
    this.#inflater?.destroy()
    // Aborting destroys the socket under the request. Idempotent where undici itself has ended the request.
    if (leftover === 'spoilt' && wasSent) this.#controller?.abort(new Error('flight destroyed'))
    this.#onDone(this, leftover)
  }
}
