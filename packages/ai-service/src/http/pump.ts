// Moves a committed stream to the client with back-pressure both ways, and ends it truthfully.
import type { OpenStream } from 'ai-lib/internal/attempts/attempt-call'
import { errorOfFailure } from 'ai-lib/internal/attempts/failure-error'
import { pingComment } from 'ai-lib/internal/bytes/sse-encoder'
import type { AiError } from 'ai-lib/internal/errors/ai-error'
import type { HttpResponse } from './http-response.ts'

export type PumpEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: AiError }
  /** The client left, or stopped reading for longer than it may. */
  | { readonly kind: 'cancelled' }

export interface PumpBounds {
  /** A client that does not read for this long is let go. */
  readonly writeStallMs: number
  /** A comment goes out after this long without an event, so that nothing on the way closes the connection. */
  readonly pingMs: number
}

export interface PumpTimes {
  /** Monotonic milliseconds of the first and the last piece handed to the client; 0 where none was. */
  readonly firstMs: number
  readonly lastMs: number
  readonly pieces: number
}

export interface PumpParts extends PumpBounds {
  /** Bytes of the dialect's own error event. */
  readonly closing: (error: AiError) => Uint8Array
  /** Takes secrets out of a provider's words. */
  readonly scrub: (text: string) => string
}

const pingBytes = Buffer.from(pingComment)

/** One stream on its way to one client. `run` resolves when the last byte is handed over, or never will be. */
export class Pump {
  readonly #response: HttpResponse
  readonly #stream: OpenStream<Buffer>
  readonly #parts: PumpParts
  readonly #ended = Promise.withResolvers<PumpEnd & { readonly times: PumpTimes }>()
  readonly #onQuiet = (): void => this.#quiet()
  #state: 'flowing' | 'stalled' | 'done' = 'flowing'
  #stall: NodeJS.Timeout | undefined
  #ping: NodeJS.Timeout | undefined
  #firstMs = 0
  #lastMs = 0
  #pieces = 0

  constructor(response: HttpResponse, stream: OpenStream<Buffer>, parts: PumpParts) {
    this.#response = response
    this.#stream = stream
    this.#parts = parts
  }

  run(): Promise<PumpEnd & { readonly times: PumpTimes }> {
    this.#start()
    return this.#ended.promise
  }

  /** Ends the stream with an error event of ours. */
  interrupt(error: AiError): void {
    this.#stream.destroy()
    this.#fail(error)
  }

  /** The client's connection has closed. */
  left(): void {
    this.#stream.destroy()
    this.#settle({ kind: 'cancelled' })
  }

  #start(): void {
    const response = this.#response
    if (response.destroyed) return this.left()
    response.onDrain = () => this.#drained()
    this.#ping = setTimeout(this.#onQuiet, this.#parts.pingMs)
    this.#stream.attach({
      data: (bytes) => this.#data(bytes),
      ended: () => this.#finish({ kind: 'completed' }),
      failed: (failure) => this.#fail(errorOfFailure(failure, this.#parts.scrub, false)),
    })
  }

  #fail(error: AiError): void {
    if (this.#state !== 'done') this.#response.write(this.#parts.closing(error))
    this.#finish({ kind: 'failed', error })
  }

  #data(bytes: Buffer): void {
    if (this.#state === 'done') return
    this.#lastMs = performance.now()
    if (this.#pieces++ === 0) this.#firstMs = this.#lastMs
    if (this.#response.write(bytes) || this.#state === 'stalled') return
    this.#state = 'stalled'
    this.#stream.pause()
    this.#stall = setTimeout(() => this.#response.destroy(), this.#parts.writeStallMs)
  }

  #drained(): void {
    if (this.#state !== 'stalled') return
    this.#state = 'flowing'
    clearTimeout(this.#stall)
    this.#stream.resume()
  }

  // Re-armed by need: a busy stream pays one field read per ping interval, not a timer per event.
  #quiet(): void {
    const sinceMs = this.#lastMs === 0 ? this.#parts.pingMs : performance.now() - this.#lastMs
    const dueMs = this.#parts.pingMs - sinceMs
    if (dueMs <= 1 && this.#state === 'flowing') this.#response.write(pingBytes)
    this.#ping = setTimeout(this.#onQuiet, dueMs <= 1 ? this.#parts.pingMs : dueMs)
  }

  #finish(end: PumpEnd): void {
    if (this.#state === 'done') return
    this.#response.end()
    this.#settle(end)
  }

  #settle(end: PumpEnd): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    clearTimeout(this.#stall)
    clearTimeout(this.#ping)
    const times = { firstMs: this.#firstMs, lastMs: this.#lastMs, pieces: this.#pieces }
    this.#ended.resolve({ ...end, times })
  }
}
