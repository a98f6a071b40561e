// A listener of HTTP/1.1 over plain sockets or TLS: accepts, keeps account of its connections, and ends them.
//
// Why our own and not node:http: its request and response objects cost half of what a small request costs here, and its
// parser takes requests that we must refuse anyway (docs/decisions/0013).
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { HttpConnection } from './http-connection.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'

export interface HttpListenerOptions {
  /** Milliseconds from the connection, or from a further request's first byte, to the end of its head. */
  readonly headersMs: number
  /** Milliseconds that a connection may wait for its next request. */
  readonly keepAliveMs: number
  readonly maxConnections: number
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** @param expects value of the Expect header, lower-case; empty without one. It must not throw. */
export type RequestHandler = (request: HttpRequest, response: HttpResponse, expects: string) => void

export interface HttpListener {
  /** Accepts, tells its address, and emits the errors of listening. */
  readonly server: Server
  /** Whether every byte that was written is with the system, on its way to its client. */
  readonly isFlushed: boolean
  /** For connections that come from now on; those that are there keep what they have. @throws for an unusable certificate. */
  configure(options: HttpListenerOptions): void
  readonly hasConnections: boolean
  /** Connections that we ended as they waited, and on which a request was on its way already: its client must send it again. */
  readonly crossedRequests: number
  /** Goes on accepting, but every answer from now on closes its connection. */
  leave(): void
  /** While it is on every answer closes its connection: those that wait cost memory. */
  shed(isOn: boolean): void
  /** Accepts no more; calls back once every connection has ended. */
  close(closed?: () => void): void
  /** Ends connections that have waited for a request for so many milliseconds. */
  endIdleConnections(idleMs: number): void
  closeAllConnections(): void
}

const checkEveryMs = 1_000
const tlsVersions = { minVersion: 'TLSv1.2' } as const

export function createHttpListener(options: HttpListenerOptions, handle: RequestHandler): HttpListener {
  return new Listener(options, handle)
}

class Listener implements HttpListener {
  readonly server: Server
  readonly #tlsServer: TlsServer | undefined
  #options: HttpListenerOptions
  readonly #handle: RequestHandler
  readonly #connections = new Set<HttpConnection>()
  /** Accepted sockets, those that are still shaking hands included. */
  readonly #sockets = new Set<Socket>()
  #isLeaving = false
  #isShedding = false
  #crossed = 0

  constructor(options: HttpListenerOptions, handle: RequestHandler) {
    this.#options = options
    this.#handle = handle
    const { tls, maxConnections, headersMs } = options
    const onConnection = (socket: Socket): void => this.#open(socket)
    this.#tlsServer =
      tls &&
      createTlsServer(
        { ...tls, ...tlsVersions, ALPNProtocols: ['http/1.1'], handshakeTimeout: headersMs },
        onConnection,
      )
    this.server = this.#tlsServer ?? createServer(onConnection)
    this.server.maxConnections = maxConnections
    this.server.on('connection', (socket: Socket) => {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // A handshake that fails is its client's affair.
      if (tls) socket.on('error', () => socket.destroy())
    })
    if (tls) this.server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
    this.server.on('listening', () => this.#watch())
  }

  configure(options: HttpListenerOptions): void {
    const { tls, maxConnections } = options
    // Each new context has a new secret for session tickets: a certificate that is the same is left alone.
    const isOther = tls?.cert !== this.#options.tls?.cert || tls?.key !== this.#options.tls?.key
    if (tls && isOther) this.#tlsServer?.setSecureContext({ ...tls, ...tlsVersions })
    this.server.maxConnections = maxConnections
    this.#options = options
  }

  get isFlushed(): boolean {
    for (const { socket } of this.#connections) if (socket.writableLength > 0) return false
    return true
  }

  get hasConnections(): boolean {
    return this.#connections.size > 0
  }

  get crossedRequests(): number {
    return this.#crossed
  }

  leave(): void {
    this.#isLeaving = true
  }

  shed(isOn: boolean): void {
    this.#isShedding = isOn
  }

  close(closed?: () => void): void {
    this.#isLeaving = true
    this.server.close(closed && (() => closed()))
  }

  endIdleConnections(idleMs: number): void {
    for (const connection of this.#connections) connection.endIdle(idleMs)
  }

  closeAllConnections(): void {
    for (const { socket } of this.#connections) socket.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  #open(socket: Socket): void {
    const connection = new HttpConnection(
      socket,
      {
        request: this.#handle,
        closed: (ended) => this.#connections.delete(ended),
        crossed: () => this.#crossed++,
      },
      {
        headersMs: this.#options.headersMs,
        keepAliveMs: this.#options.keepAliveMs,
        isLeaving: () => this.#isLeaving || this.#isShedding,
        nowMs: () => performance.now(),
      },
    )
    this.#connections.add(connection)
  }

  // One look at all of them each second, in place of two timers for each request.
  #watch(): void {
    const timer = setInterval(() => {
      const nowMs = performance.now()
      for (const connection of this.#connections) connection.check(nowMs)
    }, checkEveryMs).unref()
    this.server.once('close', () => clearInterval(timer))
  }
}
