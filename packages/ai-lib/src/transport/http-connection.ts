// One connection to an upstream, one request at a time: writes it, and reads its answer from the bytes without copying.
//
// Why our own and not undici's client: it costs a fraction of the CPU per request (docs/decisions/0013), it is known which
// connection carries which request, and an answer that nobody asked for is seen at once.
import type { Socket } from 'node:net'
import { ChunkedDecoder } from '../bytes/chunked-decoder.ts'
import { HeadCollector } from '../bytes/http-head.ts'
import type { Dialler, Dialling } from './dialler.ts'
import { failureOf, protocolFailure } from './failure-kind.ts'
import { requestBytes } from './request-bytes.ts'
import { readResponseHead } from './response-head.ts'
import type { AnswerHeaders, TransportFailure, UpstreamRequest } from './transport.ts'

/** Bytes that the head of an answer may have. */
const maxHeadBytes = 32 * 1024
/** Interim heads before an answer; they put off no timer, but reading them without end is work. */
const maxInterimHeads = 32
const httpStart = 'HTTP/1.'

/** The request that a connection carries, as far as it has to know it. `end` or `fail` comes last, once. */
export interface Carried {
  readonly request: UpstreamRequest
  /** The request goes out now. */
  sent(): void
  /** The request's bytes are not read from their buffers any more. */
  flushed(): void
  head(status: number, headers: AnswerHeaders): void
  data(chunk: Buffer): void
  end(): void
  fail(failure: TransportFailure): void
}

export interface ConnectionParts {
  readonly dial: Dialler
  /** Value of the Host header. */
  readonly host: string
  /** It is closed, whoever did it. `unasked` where the upstream wrote bytes that no request had asked for. */
  readonly onClosed: (connection: HttpConnection, why: 'closed' | 'unasked') => void
}

/** What of an answer comes next. `idle`: nothing is asked, so nothing may come. */
type Reading = 'idle' | 'head' | 'length' | 'chunked' | 'close'

export class HttpConnection {
  readonly #parts: ConnectionParts
  readonly #collector = new HeadCollector(maxHeadBytes)
  #dialling: Dialling | undefined
  #socket: Socket | undefined
  #flight: Carried | undefined
  #reading: Reading = 'idle'
  #left = 0
  #interimHeads = 0
  #decoder: ChunkedDecoder | undefined
  /** Bytes behind the place where a paused flight stopped reading. */
  #held: Buffer | undefined
  #isPaused = false
  #isKept = true
  #isClosed = false
  #broken: Error | undefined
  /** The pool's bookkeeping; `idleSinceMs` in monotonic milliseconds. */
  use: 'new' | 'busy' | 'idle' | 'gone' = 'new'
  idleSinceMs = 0
  /** How long the upstream says it keeps an idle connection. */
  keepAliveMs: number | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  /** Whether another request may follow. */
  get isReusable(): boolean {
    const socket = this.#socket
    return (
      !this.#isClosed &&
      socket !== undefined &&
      this.#isKept &&
      this.#reading === 'idle' &&
      // The upstream answered without having read the request to its end.
      socket.writableLength === 0
    )
  }

  /** Sends a flight's request, over a new socket where there is none yet. */
  start(flight: Carried, closes: boolean): void {
    this.#flight = flight
    if (this.#socket !== undefined) {
      this.#socket.ref()
      this.#write(flight, closes)
      return
    }
    this.#dialling = this.#parts.dial((error, socket) => {
      this.#dialling = undefined
      if (socket === undefined) this.#end(failureOf(error ?? new Error('no socket'), false))
      else this.#connected(socket, flight, closes)
    })
  }

  /** An idle connection does not keep a process alive. */
  rest(): void {
    this.#socket?.unref()
  }

  pause(): void {
    this.#isPaused = true
    if (this.#reading !== 'head') this.#socket?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#read(held)
    if (!this.#isPaused) this.#socket?.resume()
  }

  /** Ends it at once; its flight hears nothing of it. */
  destroy(): void {
    this.#flight = undefined
    this.#end(undefined)
  }

  #connected(socket: Socket, flight: Carried, closes: boolean): void {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => (this.#broken = error))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#end(this.#lost()))
    this.#write(flight, closes)
  }

  #write(flight: Carried, closes: boolean): void {
    const bytes = requestBytes(flight.request, this.#parts.host, closes)
    if (bytes === undefined) {
      // Not while `send` still runs: its caller has not got the flight that fails.
      queueMicrotask(() => this.#end(protocolFailure('the request has what no head may have', false)))
      return
    }
    this.#reading = 'head'
    this.#isKept = !closes
    flight.sent()
    const socket = this.#socket
    if (socket === undefined || this.#isClosed) return
    if (bytes.kind === 'joined') {
      flight.flushed()
      socket.write(bytes.text, 'latin1')
      return
    }
    const last = bytes.pieces.length - 1
    socket.cork()
    socket.write(bytes.head, 'latin1')
    for (const [index, piece] of bytes.pieces.entries()) {
      if (index < last) socket.write(piece)
      else socket.write(piece, (error) => error ?? flight.flushed())
    }
    socket.uncork()
  }

  #read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#isClosed) {
      if (this.#isPaused && this.#reading !== 'head' && this.#reading !== 'idle') {
        this.#held = at === 0 ? chunk : chunk.subarray(at)
        return
      }
      at = this.#step(chunk, at)
    }
  }

  /** @returns where the next byte lies. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#reading) {
      case 'idle':
        this.#unasked()
        return chunk.length
      case 'head':
        return this.#head(chunk, at)
      case 'length':
        return this.#counted(chunk, at)
      case 'chunked':
        return this.#chunked(chunk, at)
      case 'close':
        this.#flight?.data(at === 0 ? chunk : chunk.subarray(at))
        return chunk.length
    }
  }

  #head(chunk: Buffer, at: number): number {
    const isBeginning = this.#collector.heldBytes === 0
    const progress = this.#collector.push(chunk, at)
    switch (progress.kind) {
      case 'more':
        if (isBeginning && !isHttpSoFar(chunk, at)) this.#end(protocolFailure('the answer is no HTTP/1.1', false))
        return chunk.length
      case 'too-large':
        this.#end({ kind: 'too-large', afterHead: false })
        return chunk.length
      case 'malformed':
        this.#end(protocolFailure('a line of the head ends with a bare line feed', false))
        return chunk.length
      case 'head':
        this.#answered(progress.text)
        return progress.rest
    }
  }

  #answered(text: string): void {
    const head = readResponseHead(text)
    // 100 and 101 answer what we never ask for; other interim heads (early hints) are not the answer.
    if (head === undefined || head.status === 100 || head.status === 101) {
      this.#end(protocolFailure('the head of the answer is malformed', false))
      return
    }
    if (head.status < 200) {
      this.#interimHeads += 1
      if (this.#interimHeads > maxInterimHeads) this.#end(protocolFailure('interim heads come without end', false))
      return
    }
    this.#interimHeads = 0
    const { framing } = head
    this.#isKept &&= head.isKept
    this.keepAliveMs = head.keepAliveMs
    this.#reading = framing.kind === 'none' ? 'head' : framing.kind
    if (framing.kind === 'length') this.#left = framing.bytes
    else if (framing.kind === 'chunked') this.#decoder = new ChunkedDecoder()
    if (this.#isPaused) this.#socket?.pause()
    this.#flight?.head(head.status, head.headers)
    if (framing.kind === 'none') this.#complete()
  }

  #counted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    const isLast = this.#left === 0
    this.#flight?.data(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    if (isLast) this.#complete()
    return end
  }

  #chunked(chunk: Buffer, at: number): number {
    const decoder = this.#decoder
    if (decoder === undefined) return chunk.length
    const next = decoder.step(chunk, at)
    if (decoder.piece !== undefined) this.#flight?.data(decoder.piece)
    if (decoder.state === 'done') this.#complete()
    else if (decoder.state === 'malformed') this.#end(protocolFailure('a chunk of the answer is malformed', true))
    return next
  }

  // A flight may have been destroyed by what it was just told.
  #complete(): void {
    const flight = this.#flight
    this.#flight = undefined
    this.#decoder = undefined
    this.#reading = 'idle'
    if (this.#isPaused) {
      this.#isPaused = false
      this.#socket?.resume()
    }
    flight?.end()
  }

  // The upstream's FIN: the end of a body that has no other, and else of everything.
  #ended(): void {
    if (this.#reading !== 'close' || this.#broken !== undefined) return
    this.#isKept = false
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#flight?.data(held)
    this.#complete()
  }

  #unasked(): void {
    this.#end(undefined, 'unasked')
  }

  /** Why the flight under way gets no answer any more. */
  #lost(): TransportFailure | undefined {
    if (this.#flight === undefined) return undefined
    const afterHead = this.#reading !== 'head'
    return this.#broken === undefined ? { kind: 'reset', afterHead } : failureOf(this.#broken, afterHead)
  }

  #end(failure: TransportFailure | undefined, why: 'closed' | 'unasked' = 'closed'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const flight = this.#flight
    this.#flight = undefined
    this.#held = undefined
    this.#dialling?.destroy()
    this.#socket?.destroy()
    if (failure !== undefined) flight?.fail(failure)
    this.#parts.onClosed(this, why)
  }
}

// A peer that speaks something else may never write an empty line.
function isHttpSoFar(chunk: Buffer, at: number): boolean {
  const seen = chunk.toString('latin1', at, at + httpStart.length)
  return httpStart.startsWith(seen)
}
