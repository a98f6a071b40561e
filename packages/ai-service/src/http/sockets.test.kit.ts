// Real connections for tests of the listener: a server on a free port and a client that speaks bytes.
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { createHttpListener, type HttpListener, type HttpListenerOptions } from './http-listener.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export interface Wire {
  readonly socket: Socket
  text(): string
  /** Resolves once the claim holds; the test's own time limit ends the wait. */
  until(isMet: (text: string) => boolean): Promise<string>
  readonly closed: Promise<void>
}

export const patient: HttpListenerOptions = { headersMs: 60_000, keepAliveMs: 60_000, maxConnections: 1_000 }

export async function serve(
  onRequest: (request: HttpRequest, response: HttpResponse, expects: string) => void,
  options: Partial<HttpListenerOptions> = {},
): Promise<{ readonly listener: HttpListener; readonly port: number; dial(): Promise<Wire> }> {
  const listener = createHttpListener({ ...patient, ...options }, onRequest)
  const { server } = listener
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    const closed = new Promise<void>((resolve) => listener.close(resolve))
    listener.closeAllConnections()
    return closed
  })
  const { port } = server.address() as AddressInfo
  return { listener, port, dial: () => dial(port) }
}

export async function dial(port: number): Promise<Wire> {
  const socket = connect(port, '127.0.0.1')
  cleanups.push(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A reset is one of the ends that tests look for; `close` follows it.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  const until = async (isMet: (text: string) => boolean): Promise<string> => {
    while (!isMet(text())) await new Promise((resolve) => setTimeout(resolve, 2))
    return text()
  }
  return { socket, text, until, closed }
}
