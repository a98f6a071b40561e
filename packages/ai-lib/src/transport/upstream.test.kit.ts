// What transport tests share: servers on free loopback ports that are closed after each test, and a recording sink.
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { ChannelOptions, Flight, TransportFailure, UpstreamRequest, UpstreamSink } from './transport.ts'
import { createHttpTransport } from './http-transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export function onCleanup(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

/** Starts any server on a free loopback port and returns the port. */
export async function listen(server: NetServer, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {
      // The tests break connections on purpose.
    })
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onCleanup(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (!isAddressInfo(address)) throw new Error('no port')
  return address.port
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

export async function httpUpstream(listener: RequestListener): Promise<{ origin: string; server: Server }> {
  const server = createHttpServer(listener)
  return { origin: `http://127.0.0.1:${await listen(server)}`, server }
}

export async function rawUpstream(onSocket: (socket: Socket) => void): Promise<{ origin: string; server: NetServer }> {
  const server = createNetServer(onSocket)
  return { origin: `http://127.0.0.1:${await listen(server)}`, server }
}

export function openChannel(origin: string, options: Partial<ChannelOptions> = {}) {
  const channel = createHttpTransport().open({ origin, allowPrivate: true, ...options })
  onCleanup(() => channel.close())
  return channel
}

export const get: UpstreamRequest = { method: 'GET', path: '/', headers: {}, stream: false }
export const streamed: UpstreamRequest = {
  method: 'POST',
  path: '/',
  headers: {},
  body: Buffer.from('{}'),
  stream: true,
}

export interface Recorded {
  status: number | undefined
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  chunks: Buffer[]
  failure: TransportFailure | undefined
  /** Order of the calls, `data` once per chunk. */
  calls: string[]
  readonly text: string
}

/** Sends and records. `done` resolves on end or fail; `headed` on the head. */
export function record(
  send: (sink: UpstreamSink) => Flight,
  onData: (flight: Flight, recorded: Recorded) => void = () => {},
): {
  flight: Flight
  recorded: Recorded
  done: Promise<Recorded>
  headed: Promise<Recorded>
  first: Promise<Recorded>
} {
  const done = Promise.withResolvers<Recorded>()
  const headed = Promise.withResolvers<Recorded>()
  const first = Promise.withResolvers<Recorded>()
  const recorded: Recorded = {
    status: undefined,
    headers: {},
    chunks: [],
    failure: undefined,
    calls: [],
    get text() {
      return Buffer.concat(this.chunks).toString()
    },
  }
  const flight = send({
    head(status, headers) {
      recorded.calls.push('head')
      recorded.status = status
      recorded.headers = headers
      headed.resolve(recorded)
    },
    data(chunk) {
      recorded.calls.push('data')
      recorded.chunks.push(Buffer.from(chunk))
      onData(flight, recorded)
      first.resolve(recorded)
    },
    end() {
      recorded.calls.push('end')
      done.resolve(recorded)
    },
    fail(failure) {
      recorded.calls.push('fail')
      recorded.failure = failure
      done.resolve(recorded)
    },
  })
  return { flight, recorded, done: done.promise, headed: headed.promise, first: first.promise }
}

export function fetchWith(
  origin: string,
  request: UpstreamRequest = get,
  options: Partial<ChannelOptions> = {},
): Promise<Recorded> {
  const channel = openChannel(origin, options)
  return record((sink) => channel.send(request, sink)).done
}

/** Waits for a claim to become true; the test's own timeout is the limit. */
export async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise((resolve) => setTimeout(resolve, 2))
}

export function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
