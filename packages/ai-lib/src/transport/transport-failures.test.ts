// What ends a flight without an answer, told by kind, timer and whether the head had come.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { createServer, connect, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createHttpTransport } from './http-transport.ts'
import {
  fetchWith,
  get,
  httpUpstream,
  listen,
  onCleanup,
  openChannel,
  rawUpstream,
  record,
  streamed,
} from './upstream.test.kit.ts'

const pem = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
const certificate = (name: string): ServerOptions => ({ key: pem(`${name}.key`), cert: pem(`${name}.pem`) })
const ca = [pem('ca.pem')]

/** Answers every request with these bytes, then what `after` says. */
function answering(bytes: string, after: (socket: Socket) => void): Promise<{ origin: string }> {
  return rawUpstream((socket) => {
    socket.on('data', () => socket.write(bytes, () => after(socket)))
  })
}
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'

describe('F5 connecting', () => {
  test('a closed port is refused', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    server.listen(0)
    await once(server, 'listening')
    expect((await fetchWith(`http://127.0.0.1:${port}`)).failure).toMatchObject({ kind: 'refused', afterHead: false })
  })

  test('a server that never accepts ends in the connect timer', async () => {
    // A listener of another process that is stopped: the kernel completes as many handshakes as its backlog holds.
    const script =
      "require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){process.stdout.write(String(this.address().port)+'\\n')})"
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    onCleanup(() => child.kill('SIGKILL'))
    const [line]: unknown[] = await once(child.stdout, 'data')
    const port = Number(String(line))
    child.kill('SIGSTOP')
    for (let filler = 0; filler < 8; filler += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      onCleanup(() => socket.destroy())
    }
    const { failure } = await fetchWith(`http://127.0.0.1:${port}`, get, { connectTimeoutMs: 300 })
    expect(failure).toMatchObject({ kind: 'timeout', timer: 'connect', afterHead: false })
  })

  test('F14 a stalled TLS handshake ends in the connect timer', async () => {
    const { origin } = await rawUpstream((socket) => socket.resume())
    const { failure } = await fetchWith(origin.replace('http:', 'https:'), get, { connectTimeoutMs: 100 })
    expect(failure).toMatchObject({ kind: 'timeout', timer: 'connect', afterHead: false })
  })
})

describe('F6, F8, F9 answers that do not come or do not end', () => {
  test('a stream whose head does not come ends in the head timer and loses its socket', async () => {
    const closed = Promise.withResolvers<void>()
    const { origin } = await rawUpstream((socket) => socket.resume().on('close', () => closed.resolve()))
    const { failure } = await fetchWith(origin, { ...streamed, headTimeoutMs: 50 })
    expect(failure).toEqual({ kind: 'timeout', timer: 'head', afterHead: false })
    await closed.promise
  })

  test('the head timer does not outlive the head', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 150)
    })
    expect(await fetchWith(origin, { ...streamed, headTimeoutMs: 60 })).toMatchObject({ text: 'ab' })
  })

  test('a whole answer has no head timer', async () => {
    const { origin } = await httpUpstream((_request, response) => setTimeout(() => response.end('late'), 150))
    expect(await fetchWith(origin, { ...get, headTimeoutMs: 30 })).toMatchObject({ text: 'late' })
  })

  test.each([
    ['a reset before the head', '', (socket: Socket) => socket.resetAndDestroy(), false],
    ['a close before the head', '', (socket: Socket) => socket.end(), false],
    ['a close within the head', head, (socket: Socket) => socket.end(), false],
    [
      'a reset in a chunked body',
      `${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      (socket: Socket) => socket.resetAndDestroy(),
      true,
    ],
    [
      'a chunked body cut between chunks',
      `${head}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      (socket: Socket) => socket.end(),
      true,
    ],
    [
      'a chunked body cut within a chunk',
      `${head}transfer-encoding: chunked\r\n\r\n9\r\nabc`,
      (socket: Socket) => socket.end(),
      true,
    ],
    [
      'a cut chunked body of a closing connection',
      `${head}connection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      (socket: Socket) => socket.end(),
      true,
    ],
    ['a body shorter than its length', `${head}content-length: 9\r\n\r\nabc`, (socket: Socket) => socket.end(), true],
    [
      'a short body of a closing connection',
      `${head}connection: close\r\ncontent-length: 9\r\n\r\nabc`,
      (socket: Socket) => socket.end(),
      true,
    ],
    [
      'a reset in a close-delimited body',
      `${head}\r\nabc`,
      (socket: Socket) => setTimeout(() => socket.resetAndDestroy(), 20),
      true,
    ],
  ])('%s is a reset', async (_title, bytes, after, afterHead) => {
    const { origin } =
      bytes === ''
        ? await rawUpstream((socket) => socket.once('data', () => after(socket)))
        : await answering(bytes, after)
    for (const request of [streamed, get]) {
      const answer = await fetchWith(origin, request)
      expect(answer.failure).toMatchObject({ kind: 'reset', afterHead })
      expect(answer.calls).toEqual(afterHead ? ['head', 'data', 'fail'] : ['fail'])
    }
  })

  test.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a bad chunk size', `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`],
    ['two content lengths', `${head}content-length: 1\r\ncontent-length: 2\r\n\r\na`],
    ['length and chunks together', `${head}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`],
    ['100 unasked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['an upgrade unasked for', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ])('%s is a protocol failure', async (_title, bytes) => {
    const { origin } = await answering(bytes, () => {})
    expect((await fetchWith(origin)).failure).toMatchObject({ kind: 'protocol' })
  })

  test('a head that never ends is too large', async () => {
    const { origin } = await answering(`${head}x-long: ${'a'.repeat(70_000)}\r\n\r\n`, () => {})
    expect((await fetchWith(origin)).failure).toMatchObject({ kind: 'too-large', afterHead: false })
  })

  test('a keep-alive socket that dies under a request fails as a reset before the head, and is not repeated here', async () => {
    let requests = 0
    const { origin } = await rawUpstream((socket) => {
      socket.on('data', () => {
        requests += 1
        if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        else socket.resetAndDestroy()
      })
    })
    const channel = openChannel(origin)
    expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
    const { failure } = await record((sink) => channel.send(get, sink)).done
    expect(failure).toMatchObject({ kind: 'reset', afterHead: false })
    expect(requests).toBe(2)
  })

  test('a keep-alive socket that was closed while idle is replaced unseen', async () => {
    let sockets = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        setTimeout(() => socket.end(), 5)
      })
    })
    const channel = openChannel(origin)
    for (let round = 1; round <= 3; round += 1) {
      expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(sockets).toBe(round)
    }
  })
})

describe('F14 TLS', () => {
  const serve = async (options: ServerOptions): Promise<string> =>
    `https://localhost:${await listen(createHttpsServer(options, (_request, response) => response.end('ok')))}`

  test('a certificate of a given authority is accepted, again on a resumed session', async () => {
    const origin = await serve(certificate('localhost'))
    const channel = openChannel(origin, { ca, idleTimeoutMs: 20 })
    for (let round = 0; round < 3; round += 1) {
      expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  })

  test('the name of the origin is what the certificate is checked for and what the server is told', async () => {
    const told: string[] = []
    const server = createHttpsServer(certificate('other'), (_request, response) => response.end('ok'))
    server.on('secureConnection', (socket) => told.push(String(socket.servername)))
    const port = await listen(server)
    const channel = createHttpTransport({
      lookup: (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    }).open({ origin: `https://other.example:${port}`, allowPrivate: true, ca })
    onCleanup(() => channel.close())
    expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
    expect(told).toEqual(['other.example'])
  })

  test('an IP literal is checked against the addresses of the certificate', async () => {
    const origin = (await serve(certificate('localhost'))).replace('localhost', '127.0.0.1')
    expect(await fetchWith(origin, get, { ca })).toMatchObject({ text: 'ok' })
    const other = (await serve(certificate('other'))).replace('localhost', '127.0.0.1')
    expect((await fetchWith(other, get, { ca })).failure).toMatchObject({ kind: 'tls' })
  })

  test.each([
    ['expired', 'expired', ca],
    ['made out to another host', 'other', ca],
    ['signed by itself', 'self-signed', ca],
    ['of an unknown authority', 'localhost', []],
    ['of an unknown authority, with none given', 'localhost', undefined],
  ])('a certificate %s is refused', async (_title, name, roots) => {
    const origin = await serve(certificate(name))
    const answer = await fetchWith(origin, get, roots === undefined ? {} : { ca: roots })
    expect(answer.failure).toMatchObject({ kind: 'tls', afterHead: false })
    expect(answer.calls).toEqual(['fail'])
  })

  test('NODE_TLS_REJECT_UNAUTHORIZED does not switch the check off', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    onCleanup(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    expect((await fetchWith(await serve(certificate('self-signed')))).failure).toMatchObject({ kind: 'tls' })
  })

  test('TLS 1.0 and 1.1 are refused', async () => {
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const old: ServerOptions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      const origin = await serve({ ...certificate('localhost'), ...old })
      expect((await fetchWith(origin, get, { ca })).failure).toMatchObject({ kind: 'tls' })
    }
  })

  test('a plain HTTP server behind an https origin is a TLS failure', async () => {
    const { origin } = await httpUpstream((_request, response) => response.end())
    expect((await fetchWith(origin.replace('http:', 'https:'))).failure).toMatchObject({ kind: 'tls' })
  })
})
