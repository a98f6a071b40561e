// Real connections for tests of the listener: a server on a free port and a client that speaks bytes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'

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

export async function serve(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly server: Server; dial(): Promise<Wire> }> {
  const server = createServer({ requireHostHeader: false }, onRequest)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { server, dial: () => dial(port) }
}

async function dial(port: number): Promise<Wire> {
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
