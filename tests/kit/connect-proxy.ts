// A CONNECT proxy that writes down what it sees, may want credentials, leads names anywhere, and fails on request.
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { connect, type Server, type Socket } from 'node:net'

/** One request that reached the proxy. */
export interface SeenByProxy {
  /** `CONNECT` as it should be, or the method of a request in absolute form, which shows the proxy keys and prompts. */
  readonly method: string
  /** `host:port` of a CONNECT, the URL of anything else. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly outcome: 'tunnelled' | 'refused' | 'failed'
}

export type ProxyFault =
  /** This status in place of a tunnel. */
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'bytes'; readonly bytes: string }
  /** The tunnel opens and is torn down once so many bytes have come back through it. */
  | { readonly kind: 'cut'; readonly afterBytes: number }

export interface ConnectProxyOptions {
  /** `user:password` that clients must send. */
  readonly credentials?: string
  /** Where names lead that only this proxy knows: `upstream.test:80` to `127.0.0.1:4711`. */
  readonly routes?: Readonly<Record<string, string>>
  /** An HTTPS proxy. */
  readonly tls?: Pick<ServerOptions, 'key' | 'cert'>
}

export interface ConnectProxy {
  /** Without credentials. */
  readonly url: string
  /** With them, encoded as a URL wants them. */
  readonly urlWithCredentials: string
  readonly port: number
  readonly seen: readonly SeenByProxy[]
  /** `CONNECT`s that became a tunnel. */
  tunnels(): number
  openSockets(): number
  /** For every request from now on; `undefined` ends it. */
  setFault(fault: ProxyFault | undefined): void
  forget(): void
  close(): Promise<void>
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { credentials, routes = {}, tls } = options
  const seen: SeenByProxy[] = []
  const sockets = new Set<Socket>()
  let fault: ProxyFault | undefined
  const own = (socket: Socket): Socket => {
    sockets.add(socket)
    // Both ends break connections on purpose.
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const server: Server = tls === undefined ? createHttpServer() : createHttpsServer(tls)
  server.on(tls === undefined ? 'connection' : 'secureConnection', own)
  server.on('request', (request, response) => {
    seen.push(noteOf(request, 'refused'))
    response.writeHead(400, { connection: 'close' }).end()
  })
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const target = request.url ?? ''
    if (fault !== undefined && fault.kind !== 'cut') {
      seen.push(noteOf(request, 'failed'))
      breakOff(client, fault)
    } else if (credentials !== undefined && request.headers['proxy-authorization'] !== basic(credentials)) {
      seen.push(noteOf(request, 'refused'))
      breakOff(client, { kind: 'status', status: 407 })
    } else {
      seen.push(noteOf(request, 'tunnelled'))
      const cutAfter = fault?.kind === 'cut' ? fault.afterBytes : Infinity
      tunnel(client, own(connectTo(routes[target] ?? target)), { head, cutAfter })
    }
  })
  const port = await listen(server)
  const scheme = tls === undefined ? 'http' : 'https'
  const host = tls === undefined ? `127.0.0.1:${port}` : `localhost:${port}`
  return {
    url: `${scheme}://${host}`,
    urlWithCredentials: `${scheme}://${userinfo(credentials)}${host}`,
    port,
    seen,
    tunnels: () => seen.filter(({ outcome }) => outcome === 'tunnelled').length,
    openSockets: () => sockets.size,
    setFault: (next) => {
      fault = next
    },
    forget: () => void seen.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function noteOf(request: IncomingMessage, outcome: SeenByProxy['outcome']): SeenByProxy {
  return { method: request.method ?? '', target: request.url ?? '', headers: request.headers, outcome }
}

function breakOff(client: Socket, fault: Exclude<ProxyFault, { kind: 'cut' }>): void {
  switch (fault.kind) {
    case 'status':
      client.end(`HTTP/1.1 ${fault.status} No\r\nproxy-authenticate: Basic realm="corp"\r\ncontent-length: 0\r\n\r\n`)
      return
    case 'reset':
      client.resetAndDestroy()
      return
    case 'bytes':
      client.write(fault.bytes)
      return
    case 'silent':
      client.resume()
  }
}

function tunnel(client: Socket, upstream: Socket, how: { readonly head: Buffer; readonly cutAfter: number }): void {
  let isOpen = false
  let left = how.cutAfter
  upstream.once('connect', () => {
    isOpen = true
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    upstream.write(how.head)
    client.pipe(upstream)
  })
  upstream.on('data', (chunk: Buffer) => {
    const passed = chunk.subarray(0, left)
    left -= passed.length
    if (passed.length > 0) client.write(passed)
    if (left <= 0) client.destroy()
  })
  upstream.on('end', () => client.end())
  upstream.on('close', () => {
    if (isOpen) client.destroy()
    else client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')
  })
  client.on('close', () => upstream.destroy())
}

function connectTo(target: string): Socket {
  const [host = '', port = ''] = target.split(/:(?=\d+$)/)
  return connect(Number(port), host.replace(/^\[|\]$/g, ''))
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function userinfo(credentials: string | undefined): string {
  if (credentials === undefined) return ''
  const [user = '', ...password] = credentials.split(':')
  return `${encodeURIComponent(user)}:${encodeURIComponent(password.join(':'))}@`
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
