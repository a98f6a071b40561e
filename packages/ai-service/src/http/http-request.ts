// One request as its connection read it: the head, and a body that waits until somebody wants it.

/** Takes a body. `closed` comes instead of `end` where the rest will never come. */
export interface BodySink {
  data(chunk: Buffer): void
  end(): void
  closed(): void
}

/** What a request asks of the connection it came on. */
export interface BodySource {
  /** The body may come. */
  wantBody(): void
  holdBody(): void
}

export interface RequestHead {
  readonly method: string
  /** The request target as it was sent. */
  readonly url: string
  readonly httpVersion: '1.0' | '1.1'
  /** Names as written and values in turn. */
  readonly rawHeaders: readonly string[]
}

export class HttpRequest implements RequestHead {
  readonly method: string
  readonly url: string
  readonly httpVersion: '1.0' | '1.1'
  readonly rawHeaders: readonly string[]
  readonly #source: BodySource
  #sink: BodySink | undefined
  #waiting: Buffer[] = []
  #state: 'coming' | 'complete' | 'closed' = 'coming'

  constructor({ method, url, httpVersion, rawHeaders }: RequestHead, source: BodySource) {
    this.method = method
    this.url = url
    this.httpVersion = httpVersion
    this.rawHeaders = rawHeaders
    this.#source = source
  }

  /** Whether its last byte has arrived. */
  get complete(): boolean {
    return this.#state === 'complete'
  }

  /** Whether somebody takes the body: else it should wait with the client. */
  get isRead(): boolean {
    return this.#sink !== undefined
  }

  /** Hands the body to its one reader: what waits at once, the rest as it comes. */
  read(sink: BodySink): void {
    this.#sink = sink
    const waiting = this.#waiting
    this.#waiting = []
    // The reader may have enough before all is told.
    for (const chunk of waiting) this.#sink?.data(chunk)
    if (this.#sink === undefined) return
    if (this.#state === 'complete') this.#sink.end()
    else if (this.#state === 'closed') this.#sink.closed()
    else this.#source.wantBody()
  }

  /** Nobody reads it any more; what still comes stays with the client. */
  stopReading(): void {
    this.#sink = undefined
    if (this.#state === 'coming') this.#source.holdBody()
  }

  push(chunk: Buffer): void {
    if (this.#sink === undefined) this.#waiting.push(chunk)
    else this.#sink.data(chunk)
  }

  finish(): void {
    if (this.#state !== 'coming') return
    this.#state = 'complete'
    this.#sink?.end()
  }

  close(): void {
    if (this.#state !== 'coming') return
    this.#state = 'closed'
    this.#sink?.closed()
  }
}
