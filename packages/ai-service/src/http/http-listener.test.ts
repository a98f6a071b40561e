// The listener over real sockets: requests in every cut, one after the other, and clients that are slow, old or hostile.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { readHead } from './read-head.ts'
import { dial, serve } from './sockets.test.kit.ts'

/** Answers with what came: method, target and body. */
function echo(request: HttpRequest, response: HttpResponse): void {
  const chunks: Buffer[] = []
  request.read({
    data: (chunk) => chunks.push(chunk),
    end: () => response.sendWhole(200, [], `[${request.method} ${request.url} ${Buffer.concat(chunks).toString()}]`),
    closed: () => undefined,
  })
}

const answers = (text: string): readonly string[] => text.match(/\[[^\]]*\]/g) ?? []
const post = (body: string): string => `POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`

describe('requests', () => {
  it.each([
    ['with a length', post('hello')],
    [
      'in chunks',
      'POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n',
    ],
    ['behind a stray line break', `\r\n${post('hello')}`],
  ])('%s are the same cut at every byte, over one connection', async (_title, bytes) => {
    const { dial } = await serve(echo)
    const wire = await dial()
    wire.socket.setNoDelay(true)
    for (let cut = 1; cut < bytes.length; cut++) {
      wire.socket.write(bytes.slice(0, cut))
      await new Promise((resolve) => setImmediate(resolve))
      wire.socket.write(bytes.slice(cut))
      await wire.until((text) => answers(text).length === cut)
    }
    expect(new Set(answers(wire.text()))).toEqual(new Set(['[POST /a hello]']))
  })

  it('that come together are answered one after the other, in their order', async () => {
    const waiting: (() => void)[] = []
    let atOnce = 0
    const { dial } = await serve((request, response) => {
      atOnce++
      waiting.push(() => {
        atOnce--
        echo(request, response)
      })
    })
    const wire = await dial()
    wire.socket.write(['one', 'two', 'three'].map(post).join(''))
    for (let answered = 0; answered < 3; answered++) {
      while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      expect(atOnce).toBe(1)
      waiting.shift()?.()
      await wire.until((text) => answers(text).length === answered + 1)
    }
    expect(answers(wire.text())).toEqual(['[POST /a one]', '[POST /a two]', '[POST /a three]'])
  })

  it('whose body nobody reads stay with the client, and their answer closes the connection without a reset', async () => {
    const { dial } = await serve((_request, response) => response.sendWhole(413, [], 'no'))
    const wire = await dial()
    const errors: string[] = []
    wire.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''))
    wire.socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n`)
    wire.socket.write(Buffer.alloc(3_000_000))
    const text = await wire.until((said) => said.endsWith('no'))
    expect(text).toMatch(/^HTTP\/1\.1 413 .*\r\n(?:.*\r\n)*connection: close\r\n/)
    await wire.closed
    expect(errors).toEqual([])
  })

  it('of an old client end its connection, and are streamed to its end', async () => {
    const { dial } = await serve((_request, response) => {
      response.startStream(200, ['content-type', 'text/event-stream'])
      response.write(Buffer.from('data: 1\n\n'))
      response.end()
    })
    const wire = await dial()
    wire.socket.write('GET / HTTP/1.0\r\n\r\n')
    await wire.closed
    expect(wire.text()).toMatch(/\r\nconnection: close\r\n(?:.*\r\n)*\r\ndata: 1\n\n$/)
    expect(wire.text()).not.toContain('transfer-encoding')
  })

  it('of HEAD get the head alone', async () => {
    const { dial } = await serve((_request, response) => response.sendWhole(200, [], 'body'))
    const wire = await dial()
    wire.socket.write('HEAD / HTTP/1.1\r\nhost: a\r\n\r\nHEAD / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    await wire.closed
    expect(wire.text().match(/content-length: 4\r\n/g)).toHaveLength(2)
    expect(wire.text()).not.toContain('body')
  })

  it('that expect an invitation get one when their body is wanted', async () => {
    const { dial } = await serve((request, response, expects) => {
      expect(expects).toBe('100-continue')
      response.writeContinue()
      echo(request, response)
    })
    const wire = await dial()
    wire.socket.write('POST /a HTTP/1.1\r\nhost: a\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\n')
    await wire.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
    wire.socket.write('hi')
    await wire.until((text) => answers(text).includes('[POST /a hi]'))
  })
})

describe('connections', () => {
  it('that do not end their head in time are told so and closed; kept ones that ask nothing are closed', async () => {
    const { dial } = await serve(echo, { headersMs: 300, keepAliveMs: 300 })
    const slow = await dial()
    slow.socket.write('GET / HTTP/1.1\r\nhost')
    const idle = await dial()
    idle.socket.write('GET /a HTTP/1.1\r\nhost: a\r\n\r\n')
    await Promise.all([slow.closed, idle.closed])
    expect(slow.text()).toMatch(/^HTTP\/1\.1 408 /)
    expect(answers(idle.text())).toEqual(['[GET /a ]'])
    expect(idle.text()).not.toContain('408')
  })

  it('are idle only between requests', async () => {
    const held: HttpResponse[] = []
    const { dial, listener } = await serve((_request, response) => void held.push(response))
    const [busy, idle] = [await dial(), await dial()]
    busy.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    listener.endIdleConnections(0)
    await idle.closed
    held[0]?.sendWhole(200, [], '[kept]')
    await busy.until((text) => answers(text).length === 1)
  })

  it('whose client leaves tell the answer under way, once', async () => {
    const gone = Promise.withResolvers<boolean>()
    const { dial } = await serve((_request, response) => {
      response.startStream(200, [])
      response.onGone = () => gone.resolve(response.destroyed)
    })
    const wire = await dial()
    wire.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await wire.until((text) => text.includes('\r\n\r\n'))
    wire.socket.destroy()
    expect(await gone.promise).toBe(true)
  })

  it('that close behind a long answer wait for a client that reads slowly, and not for one that does not read', async () => {
    const { dial } = await serve((request, response) => {
      response.sendWhole(200, ['connection', 'close'], Buffer.alloc(24_000_000, 'x'))
      response.boundWrites(request.url === '/slow' ? 60_000 : 400)
    })
    const slow = await dial()
    slow.socket.pause()
    slow.socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n')
    const stopped = await dial()
    stopped.socket.pause()
    stopped.socket.write('GET /stopped HTTP/1.1\r\nhost: a\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    for (const { socket } of [slow, stopped]) socket.resume()
    await Promise.all([slow.closed, stopped.closed])
    expect(slow.text().length).toBeGreaterThan(24_000_000)
    expect(stopped.text().length).toBeLessThan(24_000_000)
  })

  it('whose client does not read hold its further requests back', async () => {
    let served = 0
    const { dial } = await serve((_request, response) => {
      served++
      response.sendWhole(200, [], Buffer.alloc(1_000_000))
    })
    const wire = await dial()
    wire.socket.pause()
    wire.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(200))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(served).toBeLessThan(60)
  })
})

describe('an answer', () => {
  it.each([
    ['a value', ['x-a', 'b\r\nset-cookie: c']],
    ['a name', ['x-a: b\r\nset-cookie', 'c']],
    ['a letter no byte can hold', ['x-a', '\u0142']],
  ])('is never split by %s', async (_title, headers) => {
    const thrown = Promise.withResolvers<unknown>()
    const { dial } = await serve((_request, response) => {
      try {
        response.sendWhole(200, headers, '')
        thrown.resolve(undefined)
      } catch (error) {
        thrown.resolve(error)
        response.destroy()
      }
    })
    ;(await dial()).socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await thrown.promise).toBeInstanceOf(TypeError)
  })
})

describe('T24 a head that is taken here', () => {
  /** What Node's own parser, llhttp, makes of bytes: the head it read, or undefined. */
  const seen: string[] = []
  const node = createServer({ requireHostHeader: false, insecureHTTPParser: false }, (request, response) => {
    seen.push(JSON.stringify([request.method, request.url, request.httpVersion, request.rawHeaders]))
    response.end()
  })
  beforeAll(() => new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    node.closeAllConnections()
    node.close()
  })

  const piece = fc.constantFrom(
    'GET / HTTP/1.1\r\n',
    'POST /a HTTP/1.1\r\n',
    'post / HTTP/1.1\r\n',
    'GET  / HTTP/1.1\r\n',
    'GET / HTTP/1.2\r\n',
    'host: a\r\n',
    'content-length: 0\r\n',
    'content-length: 1\r\n',
    'content-length : 1\r\n',
    'transfer-encoding: chunked\r\n',
    'transfer-encoding: gzip, chunked\r\n',
    'Transfer-Encoding:\tchunked \r\n',
    'x-a: \x00\r\n',
    'x-b: caf\xe9\r\n',
    ' folded\r\n',
    'x-c: d\n',
    'x-d\r\n',
    'connection: close\r\n',
    ':\r\n',
    'x-e: f\r',
  )

  it('is taken by llhttp, and read the same', async () => {
    const { port } = node.address() as AddressInfo
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET / HTTP/1.1\r\n', 'POST /a HTTP/1.1\r\n'),
        fc.array(piece, { maxLength: 5 }),
        async (line, lines) => {
          const text = `${line}${lines.join('')}`
          const ours = readHead(text)
          if (typeof ours === 'string') return
          seen.length = 0
          const wire = await dial(port)
          wire.socket.write(Buffer.from(`${text}\r\n`, 'latin1'))
          await wire.until((said) => said.includes('\r\n\r\n') || wire.socket.destroyed)
          wire.socket.destroy()
          expect(seen[0], text).toBe(JSON.stringify([ours.method, ours.url, ours.httpVersion, ours.rawHeaders]))
        },
      ),
      { numRuns: 300 },
    )
  })
})
