// B22: CONNECT through real proxies, for http and https targets, with credentials, custom CA, pool and timers.
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import {
  fetchWith,
  get,
  httpUpstream,
  listen,
  openChannel,
  rawUpstream,
  record,
  streamed,
  until,
} from './upstream.test.kit.ts'

const pem = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
const ca = [pem('ca.pem')]
const options: ServerOptions = { key: pem('localhost.key'), cert: pem('localhost.pem') }

interface Seen {
  readonly authority: string
  readonly authorization: string | undefined
  readonly otherHeaders: readonly string[]
}

/** A CONNECT proxy that writes down what it saw; requests in absolute form are counted and refused. */
async function startProxy(
  server: Server,
  credentials?: string,
): Promise<{ port: number; seen: Seen[]; absolute: string[] }> {
  const seen: Seen[] = []
  const absolute: string[] = []
  server.on('request', (request, response) => {
    absolute.push(request.url ?? '')
    response.writeHead(400).end()
  })
  server.on('connect', (request, client: Socket, head: Buffer) => {
    const { 'proxy-authorization': authorization, host: _host, ...others } = request.headers
    seen.push({ authority: request.url ?? '', authorization, otherHeaders: Object.keys(others) })
    if (credentials !== undefined && authorization !== `Basic ${Buffer.from(credentials).toString('base64')}`) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n')
      return
    }
    const [host = '', port = ''] = (request.url ?? '').split(/:(?=\d+$)/)
    const upstream = connect(Number(port), host.replace(/^\[|\]$/g, ''))
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
  })
  return { port: await listen(server), seen, absolute }
}

const echo = (): Promise<{ origin: string }> =>
  httpUpstream((request, response) => response.end(JSON.stringify([request.url, request.headers])))
const secureOrigin = async (): Promise<string> =>
  `https://localhost:${await listen(createHttpsServer(options, (request, response) => response.end(`secure ${request.url}`)))}`

describe('tunnels', () => {
  test('an http target goes through CONNECT too, so that the proxy sees no key', async () => {
    const { port, seen, absolute } = await startProxy(createHttpServer())
    const { origin } = await echo()
    const request = { ...get, path: '/v1/x?y=1', headers: { authorization: 'Bearer canary' } }
    const answer = await fetchWith(origin, request, { proxy: { url: `http://127.0.0.1:${port}` } })
    const [path, headers]: [string, Record<string, string>] = JSON.parse(answer.text)
    expect(path).toBe('/v1/x?y=1')
    expect(headers['authorization']).toBe('Bearer canary')
    expect(headers['proxy-authorization']).toBeUndefined()
    expect(seen).toEqual([{ authority: new URL(origin).host, authorization: undefined, otherHeaders: [] }])
    expect(absolute).toEqual([])
  })

  test('an https target is verified end to end', async () => {
    const { port, seen } = await startProxy(createHttpServer())
    const origin = await secureOrigin()
    const proxy = { url: `http://127.0.0.1:${port}` }
    expect(await fetchWith(origin, { ...get, path: '/a' }, { proxy, ca })).toMatchObject({ text: 'secure /a' })
    expect(seen[0]?.authority).toBe(new URL(origin).host)
    expect((await fetchWith(origin, get, { proxy })).failure).toMatchObject({ kind: 'tls', afterHead: false })
  })

  test('an https proxy carries http and https targets and is verified against the same authorities', async () => {
    const { port, seen } = await startProxy(createHttpsServer(options))
    const proxy = { url: `https://localhost:${port}` }
    const { origin } = await echo()
    expect((await fetchWith(origin, get, { proxy, ca })).status).toBe(200)
    expect(await fetchWith(await secureOrigin(), get, { proxy, ca })).toMatchObject({ text: 'secure /' })
    expect(seen).toHaveLength(2)
    expect((await fetchWith(origin, get, { proxy })).failure).toMatchObject({ kind: 'proxy', afterHead: false })
    expect(seen).toHaveLength(2)
  })

  test('credentials of the URL are percent-decoded and sent, wrong or missing ones are a proxy failure', async () => {
    const { port, seen } = await startProxy(createHttpServer(), 'us@r:p:ä%/ß')
    const { origin } = await echo()
    const url = (userinfo: string) => ({ proxy: { url: `http://${userinfo}127.0.0.1:${port}` } })
    expect((await fetchWith(origin, get, url('us%40r:p%3A%C3%A4%25%2F%C3%9F@'))).status).toBe(200)
    for (const userinfo of ['', 'us%40r@', 'us%40r:wrong@']) {
      const { failure } = await fetchWith(origin, get, url(userinfo))
      expect(failure).toMatchObject({ kind: 'proxy', afterHead: false })
      expect(String(failure?.cause)).toContain('407')
      expect(String(failure?.cause)).not.toContain('wrong')
    }
    expect(seen).toHaveLength(4)
  })

  test('poolSize bounds tunnels, which are used again', async () => {
    const { port, seen } = await startProxy(createHttpServer())
    const { origin } = await echo()
    const channel = openChannel(origin, { proxy: { url: `http://127.0.0.1:${port}` }, poolSize: 2 })
    const all = Array.from({ length: 20 }, () => record((sink) => channel.send(get, sink)).done)
    expect((await Promise.all(all)).every((answer) => answer.status === 200)).toBe(true)
    expect(seen).toHaveLength(2)
  })

  test('destroying a flight closes its tunnel', async () => {
    const server = createHttpServer()
    const { port } = await startProxy(server)
    const sockets: Socket[] = []
    server.on('connection', (socket) => sockets.push(socket))
    const { origin } = await httpUpstream((_request, response) => void response.write('data: 1\n\n'))
    const channel = openChannel(origin, { proxy: { url: `http://127.0.0.1:${port}` } })
    const { flight, first } = record((sink) => channel.send(streamed, sink))
    await first
    flight.destroy()
    await until(() => sockets[0]?.destroyed === true)
  })
})

describe('proxies that fail', () => {
  test('a proxy that is not there is a proxy failure', async () => {
    const { origin } = await echo()
    const { failure } = await fetchWith(origin, get, { proxy: { url: 'http://127.0.0.1:1' } })
    expect(failure).toMatchObject({ kind: 'proxy', afterHead: false })
  })

  test('a target that the proxy cannot reach is a proxy failure', async () => {
    const { port } = await startProxy(createHttpServer())
    const { failure } = await fetchWith('http://127.0.0.1:1', get, { proxy: { url: `http://127.0.0.1:${port}` } })
    expect(failure).toMatchObject({ kind: 'proxy', afterHead: false })
  })

  test.each([
    ['closes at once', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['does not speak HTTP', (socket: Socket) => socket.write('SSH-2.0-x\r\n\r\n')],
    ['answers without end', (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(5_000)}`)],
    [
      'writes an answer of its own behind the tunnel head',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'),
    ],
  ])('a proxy that %s is a proxy failure', async (_title, act) => {
    const { origin } = await rawUpstream((socket) => socket.once('data', () => act(socket)))
    const answer = await fetchWith('http://127.0.0.1:1', get, { proxy: { url: origin } })
    expect(answer.failure).toMatchObject({ kind: 'proxy', afterHead: false })
    expect(answer.calls).toEqual(['fail'])
  })

  test('a proxy that is silent ends in the connect timer', async () => {
    const { origin } = await rawUpstream((socket) => socket.resume())
    const { failure } = await fetchWith('http://127.0.0.1:1', get, { proxy: { url: origin }, connectTimeoutMs: 60 })
    expect(failure).toMatchObject({ kind: 'timeout', timer: 'connect', afterHead: false })
  })

  test('T6 a literal private target is refused before the proxy is asked', async () => {
    const { port, seen } = await startProxy(createHttpServer())
    const proxy = { url: `http://127.0.0.1:${port}` }
    const { failure } = await fetchWith('http://169.254.169.254', get, { proxy, allowPrivate: false })
    expect(failure).toMatchObject({ kind: 'address-denied' })
    expect(seen).toEqual([])
  })

  test.each(['socks5://127.0.0.1:1', 'ftp://x', 'not a url', ''])('%j is refused when the channel opens', (url) => {
    expect(() => openChannel('http://127.0.0.1:1', { proxy: { url } })).toThrow(AiError)
  })
})
