// One client's connection: reads a request, waits for its answer, and only then looks at what came behind it.
import type { Socket } from 'node:net'
import { ChunkedDecoder } from 'ai-lib/internal/bytes/chunked-decoder'
import { HeadCollector } from 'ai-lib/internal/bytes/http-head'
import { HttpRequest } from './http-request.ts'
import { HttpResponse } from './http-response.ts'
import { type BodyFraming, type ReadHead, readHead } from './read-head.ts'

/** Bytes of request headers that are read. */
const maxHeadBytes = 16 * 1_024
/** Bytes behind a request that are held while it is answered; who sends more is not read until then. */
const maxHeldBytes = 64 * 1_024
/** In so many buffers at most: one may have a single byte, and costs a hundred. */
const maxHeldChunks = 256
/** How long, and for how many bytes, a client may go on sending behind an answer that closes the connection. */
const lingering = { ms: 1_000, bytes: 4 * 1_024 * 1_024 } as const

export interface ConnectionEvents {
  /** A request's head has come; its body may be there, or come later. */
  request(request: HttpRequest, response: HttpResponse, expects: string): void
  closed(connection: HttpConnection): void
  /** Bytes came on a connection that was ended while it waited for a request: the client's request crossed our end of it. */
  crossed(): void
}

export interface ConnectionSettings {
  readonly headersMs: number
  readonly keepAliveMs: number
  /** Every answer from now on tells its client that nothing may follow on this connection. */
  isLeaving(): boolean
  /** Monotonic milliseconds. */
  nowMs(): number
}

/** `lingering`: the last answer is out, and what the client still sends is dropped, so that a reset cannot take the answer along. */
type State = 'head' | 'exchange' | 'lingering' | 'closed'

export class HttpConnection {
  readonly socket: Socket
  readonly #events: ConnectionEvents
  readonly #settings: ConnectionSettings
  readonly #collector = new HeadCollector(maxHeadBytes)
  #state: State = 'head'
  #request: HttpRequest | undefined
  #response: HttpResponse | undefined
  #framing: BodyFraming['kind'] = 'none'
  #left = 0
  #decoder: ChunkedDecoder | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #isAdvancing = false
  /** Whether the next turn of the loop goes on with what is held. */
  #isDue = false
  #hasBegun = false
  /** Since when it waits for a head, or lingers. */
  #sinceMs: number
  #hasServed = false
  #dropped = 0
  /** It was ended as it waited for a request, and no bytes came since. */
  #wasEndedIdle = false

  constructor(socket: Socket, events: ConnectionEvents, settings: ConnectionSettings) {
    this.socket = socket
    this.#events = events
    this.#settings = settings
    this.#sinceMs = settings.nowMs()
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('timeout', () => this.#timedOut())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#closed())
  }

  /** Whether nothing of a request has come that would be lost. */
  get isIdle(): boolean {
    return this.#state === 'head' && this.#collector.heldBytes === 0 && this.#heldBytes === 0
  }

  /** Ends it where it has waited for a request that long: our end first, so that what is on its way can be seen. */
  endIdle(idleMs: number): void {
    if (!this.isIdle || this.#settings.nowMs() - this.#sinceMs < idleMs) return
    this.#sinceMs = this.#settings.nowMs()
    this.#wasEndedIdle = true
    this.#linger(false)
  }

  get isLeaving(): boolean {
    return this.#settings.isLeaving()
  }

  get hasWholeRequest(): boolean {
    return this.#request?.complete ?? true
  }

  /** Called now and then: ends what has taken too long. */
  check(nowMs: number): void {
    const isKept = this.#state === 'head' && this.#hasServed && this.#collector.heldBytes === 0
    // Its time begins when the client has the answer, which may be long.
    if ((isKept || this.#state === 'lingering') && this.socket.writableLength > 0) this.#sinceMs = nowMs
    const waitedMs = nowMs - this.#sinceMs
    if (this.#state === 'lingering') {
      if (waitedMs >= lingering.ms) this.socket.destroy()
    } else if (this.#state === 'head') {
      if (isKept && waitedMs >= this.#settings.keepAliveMs) this.socket.destroy()
      else if (!isKept && waitedMs >= this.#settings.headersMs) this.#refuse('408 Request Timeout')
    }
  }

  wantBody(): void {
    this.#resume()
  }

  holdBody(): void {
    this.socket.pause()
  }

  responseEnded(closes: boolean): void {
    const isWhole = this.hasWholeRequest
    this.#request?.close()
    this.#request = undefined
    this.#response = undefined
    this.#decoder = undefined
    this.#sinceMs = this.#settings.nowMs()
    this.#hasServed = true
    this.#boundTaking()
    // Who was not told that this answer is the last one may be sending the next request.
    if (closes || !isWhole) this.#linger(isWhole && this.#heldBytes === 0)
    else {
      this.#state = 'head'
      // Not within the call of whoever answered; and nothing to do where nothing has come.
      if (this.#heldBytes > 0 || this.socket.isPaused()) this.#advanceSoon()
    }
  }

  #received(chunk: Buffer): void {
    if (this.#state === 'lingering') {
      if (this.#wasEndedIdle) this.#events.crossed()
      this.#wasEndedIdle = false
      this.#dropped += chunk.length
      // Who pours on is held up, and has until the next check to read the answer.
      if (this.#dropped > lingering.bytes) this.socket.pause()
      return
    }
    const request = this.#state === 'exchange' ? this.#request : undefined
    if (request?.complete === false) {
      const at = this.#body(chunk, 0)
      if (at < chunk.length) this.#hold(chunk.subarray(at))
      if (!request.complete && !request.isRead) this.socket.pause()
      return
    }
    this.#hold(chunk)
    if (!this.#isDue) this.#advance()
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes > maxHeldBytes || this.#held.length > maxHeldChunks) this.socket.pause()
  }

  // A loop and a flag, not recursion: answers that are given at once would nest as deep as requests are pipelined.
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    // One request in each turn of the loop: who sends a thousand at once must not make everybody wait for them.
    // A client that does not read its answers gets no further ones until it does.
    this.#hasBegun = false
    while (!this.#hasBegun && this.#isReady && this.#heldBytes > 0) {
      const [chunk] = this.#held
      if (chunk === undefined) break
      this.#held.shift()
      this.#heldBytes -= chunk.length
      const at = this.#head(chunk)
      if (at < chunk.length) {
        this.#held.unshift(chunk.subarray(at))
        this.#heldBytes += chunk.length - at
      }
    }
    this.#isAdvancing = false
    if (!this.#isReady) return
    if (this.#heldBytes > 0) this.#advanceSoon()
    else this.#resume()
  }

  get #isReady(): boolean {
    return this.#state === 'head' && !this.socket.writableNeedDrain
  }

  #advanceSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#advance()
    })
  }

  #resume(): void {
    if (this.socket.isPaused()) this.socket.resume()
  }

  /** @returns how much of the chunk was taken. */
  #head(chunk: Buffer): number {
    // A line break before a request line is left over from sloppy clients, and says nothing.
    let from = 0
    if (this.#collector.heldBytes === 0) {
      while (from < chunk.length && (chunk[from] === 0x0d || chunk[from] === 0x0a)) from++
      if (from === chunk.length) return from
      // A further request's time begins with its first byte, the first one's with the connection.
      if (this.#hasServed) this.#sinceMs = this.#settings.nowMs()
    }
    const progress = this.#collector.push(chunk, from)
    switch (progress.kind) {
      case 'more':
        return chunk.length
      case 'too-large':
        this.#refuse('431 Request Header Fields Too Large')
        return chunk.length
      case 'malformed':
        this.#refuse('400 Bad Request')
        return chunk.length
      case 'head':
        return this.#begin(progress.text, chunk, progress.rest)
    }
  }

  #begin(text: string, chunk: Buffer, from: number): number {
    const head = readHead(text)
    if (head === 'malformed') this.#refuse('400 Bad Request')
    else if (head === 'too-many') this.#refuse('431 Request Header Fields Too Large')
    // A tunnel to wherever a client likes is what a gateway must never be.
    else if (head.method === 'CONNECT') this.socket.destroy()
    else return this.#exchange(head, chunk, from)
    return chunk.length
  }

  #exchange(head: ReadHead, chunk: Buffer, from: number): number {
    this.#hasBegun = true
    const request = new HttpRequest(head, this)
    const response = new HttpResponse(this, {
      isHead: head.method === 'HEAD',
      httpVersion: head.httpVersion,
      closes: head.closes,
      keepAliveSeconds: Math.floor(this.#settings.keepAliveMs / 1_000),
    })
    this.#state = 'exchange'
    this.#request = request
    this.#response = response
    this.#framing = head.framing.kind
    if (head.framing.kind === 'length') this.#left = head.framing.bytes
    else if (head.framing.kind === 'chunked') this.#decoder = new ChunkedDecoder()
    else request.finish()
    const at = request.complete || from >= chunk.length ? from : this.#body(chunk, from)
    // A malformed body has ended it already.
    if (this.#response === response) this.#events.request(request, response, head.expects)
    if (!request.complete && !request.isRead) this.socket.pause()
    return at
  }

  /** @returns how much of the chunk was taken. */
  #body(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#request?.complete === false) {
      at = this.#framing === 'chunked' ? this.#chunk(chunk, at) : this.#counted(chunk, at)
    }
    return at
  }

  #counted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    this.#request?.push(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    if (this.#left === 0) this.#request?.finish()
    return end
  }

  #chunk(chunk: Buffer, at: number): number {
    const decoder = this.#decoder
    if (decoder === undefined) return chunk.length
    const next = decoder.step(chunk, at)
    if (decoder.piece !== undefined) this.#request?.push(decoder.piece)
    if (decoder.state === 'done') this.#request?.finish()
    else if (decoder.state === 'malformed') {
      this.#refuse('400 Bad Request')
      return chunk.length
    }
    return next
  }

  // What was written and is not taken waits, but not for ever: any byte taken puts the end off.
  #boundTaking(): void {
    if (this.socket.writableLength > 0) this.socket.setTimeout(this.#settings.keepAliveMs)
  }

  // Bytes that were taken do not always tell so: then there is nothing to be late for.
  #timedOut(): void {
    if (this.socket.writableLength > 0) this.socket.destroy()
    else this.socket.setTimeout(0)
  }

  #drained(): void {
    this.socket.setTimeout(0)
    this.#response?.onDrain?.()
    if (this.#state === 'head') this.#advance()
  }

  // There is no request to answer in a dialect of, so a short plain answer closes the connection.
  #refuse(status: string): void {
    const response = this.#response
    const hasBegun = response?.headersSent ?? false
    this.#request?.close()
    this.#request = undefined
    this.#response = undefined
    response?.connectionClosed()
    // Into an answer that is under way nothing can be written that would not be read as part of it.
    if (hasBegun) this.socket.destroySoon()
    else {
      const body = `{"error":{"message":"The HTTP request is malformed or too slow (${status}).","type":"invalid_request_error","code":"caller_malformed_request","param":null}}\n`
      this.socket.write(
        `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        'latin1',
      )
    }
    this.#sinceMs = this.#settings.nowMs()
    this.#boundTaking()
    this.#linger(false)
  }

  /** @param isQuiet whether the client has sent all that it announced, and nothing more. */
  #linger(isQuiet: boolean): void {
    this.#state = 'lingering'
    this.#held = []
    this.#heldBytes = 0
    if (isQuiet) this.socket.destroySoon()
    else {
      this.socket.end()
      this.#resume()
    }
  }

  #closed(): void {
    this.#state = 'closed'
    this.#held = []
    this.#heldBytes = 0
    this.#request?.close()
    this.#response?.connectionClosed()
    this.#events.closed(this)
  }
}
