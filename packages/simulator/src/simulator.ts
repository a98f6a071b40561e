// The server: accepts connections, knows its sockets, and gives every request the behaviour that is due.
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Behaviour } from './behaviour.ts'
import { createBehaviourQueue } from './behaviour-queue.ts'
import { createBenchBook } from './bench-model.ts'
import { createHandler } from './handle-request.ts'
import { createRequestRing, type RecordedRequest } from './recorded-requests.ts'
import { createSocketBook, type SocketBook } from './socket-book.ts'

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer }
  /** How many requests to keep; `true` is 1,000 (the default), `false` none. */
  readonly record?: boolean | number
  /** Keys that are accepted; without it every key, or none, is. */
  readonly keys?: readonly string[]
  /** The time every answer claims to be made at, in seconds. Default 1700000000. */
  readonly created?: number
  /** Sees every request once its body is whole (health and models too); a behaviour it returns wins over the queue. */
  readonly onRequest?: (request: RecordedRequest) => Behaviour | undefined
}

export interface Simulator {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Oldest first; live: `aborted` turns true when the client leaves. */
  readonly requests: readonly RecordedRequest[]
  openSockets(): number
  totalConnections(): number
  /** First in, first out; for requests that are neither health nor models. */
  enqueue(...behaviours: readonly Behaviour[]): void
  /** For every request while the queue is empty; `undefined` brings the models' own behaviour back. */
  setDefault(behaviour: Behaviour | undefined): void
  /** Stops at once and destroys every connection. */
  close(): Promise<void>
}

const DEFAULT_CREATED = 1_700_000_000

/** Starts a simulator; rejects where the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1'
  const ring = createRequestRing(ringSize(options.record ?? true))
  const queue = createBehaviourQueue()
  const sockets = createSocketBook()
  const created = options.created ?? DEFAULT_CREATED
  let served = 0
  const handler = createHandler({
    ring,
    queue,
    sockets,
    created,
    keys: options.keys,
    onRequest: options.onRequest,
    records: (options.record !== false && options.record !== 0) || options.onRequest !== undefined,
    bench: createBenchBook(created),
    nextSerial: () => {
      served += 1
      return String(served).padStart(6, '0')
    },
  })
  const server = options.tls === undefined ? createServer(handler) : createSecureServer({ ...options.tls }, handler)
  configure(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    if (queue.takeConnectReset()) socket.resetAndDestroy()
  })
  const port = await listen(server, host, options.port ?? 0)
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests: ring.requests,
    openSockets: sockets.open,
    totalConnections: sockets.total,
    enqueue: queue.enqueue,
    setDefault: queue.setDefault,
    close: () => close(server, sockets),
  }
}

function ringSize(record: boolean | number): number {
  if (typeof record === 'number') return record
  return record ? 1000 : 0
}

function configure(server: Server): void {
  // A slow client is the business of who is tested, not of the simulator: it never times anybody out.
  server.requestTimeout = 0
  server.headersTimeout = 0
  server.keepAliveTimeout = 0
  server.timeout = 0
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    else socket.destroy()
  })
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function close(server: Server, sockets: SocketBook): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    sockets.destroyAll()
  })
}
