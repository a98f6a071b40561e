// Lets a stream pass and keeps what passed, up to a bound: the client gets each piece as before.
import type { OpenStream, StreamConsumer } from 'ai-lib/internal/attempts/attempt-call'

export interface StreamEnd {
  /** The stream ended well, and these are all its bytes. */
  complete(bytes: Buffer): void
  /** It has grown beyond the bound: it goes on, but is not kept. */
  tooLarge(): void
}

/** A stream that ends in any other way than well tells nobody: the settlement does. */
export function recordStream(stream: OpenStream<Buffer>, maxBytes: number, end: StreamEnd): OpenStream<Buffer> {
  return new RecordedStream(stream, maxBytes, end)
}

class RecordedStream implements OpenStream<Buffer>, StreamConsumer<Buffer> {
  readonly #stream: OpenStream<Buffer>
  readonly #maxBytes: number
  readonly #end: StreamEnd
  #consumer: StreamConsumer<Buffer> | undefined
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(stream: OpenStream<Buffer>, maxBytes: number, end: StreamEnd) {
    this.#stream = stream
    this.#maxBytes = maxBytes
    this.#end = end
  }

  get lane(): OpenStream<Buffer>['lane'] {
    return this.#stream.lane
  }

  attach(consumer: StreamConsumer<Buffer>): void {
    this.#consumer = consumer
    this.#stream.attach(this)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  destroy(): void {
    this.#pieces = []
    this.#stream.destroy()
  }

  data(bytes: Buffer): void {
    const before = this.#bytes
    this.#bytes += bytes.length
    if (this.#bytes <= this.#maxBytes) this.#pieces.push(bytes)
    else if (before <= this.#maxBytes) {
      this.#pieces = []
      this.#end.tooLarge()
    }
    this.#consumer?.data(bytes)
  }

  ended(): void {
    const pieces = this.#pieces
    this.#consumer?.ended()
    // The client has its end; what follows costs it nothing.
    if (this.#bytes <= this.#maxBytes) this.#end.complete(Buffer.concat(pieces))
  }

  failed(failure: Parameters<StreamConsumer<Buffer>['failed']>[0]): void {
    this.#pieces = []
    this.#consumer?.failed(failure)
  }
}
