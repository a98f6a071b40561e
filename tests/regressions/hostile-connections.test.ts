// What a client can make the listener hold or wait for: bounded, whatever it sends and however little it reads.
import { connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { makeTestCertificate } from '../../packages/simulator/dist/test-certificate.js'
import { describe, expect, it } from 'vitest'
import { readHead } from '../../packages/ai-service/dist/http/read-head.js'
import { serve } from '../../packages/ai-service/dist/http/sockets.test.kit.js'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('T26 a client that does not read its answers', () => {
  it('cannot make us hold all that it sends behind them', async () => {
    const { dial } = await serve((_request, response) => response.sendWhole(200, [], 'x'.repeat(2_000)))
    const { socket } = await dial()
    socket.pause()
    const many = Buffer.from(get('/').repeat(2_000))
    let sent = 0
    for (let isTaken = true; isTaken && sent < 256 * 1_024 * 1_024; sent += many.length)
      isTaken =
        socket.write(many) ||
        (await Promise.race([
          new Promise<true>((resolve) => socket.once('drain', () => resolve(true))),
          pause(1_000).then(() => false as const),
        ]))
    // What the system holds on both sides, and not what memory there is.
    expect(sent).toBeLessThan(64 * 1_024 * 1_024)
  })

  it('is let go, also where its last answer closes the connection', async () => {
    const { dial, listener } = await serve(
      (request, response) => response.sendWhole(200, request.url === '/last' ? ['connection', 'close'] : [], text),
      { keepAliveMs: 500 },
    )
    const text = Buffer.alloc(60_000, 'x').toString()
    const { socket } = await dial()
    socket.pause()
    while (listener.isFlushed) {
      socket.write(get('/'))
      await pause(1)
    }
    socket.write(get('/last'))
    while ((await countOf(listener.server)) > 0) await pause(50)
  })
})

describe('T25 a client that sends a thousand requests at once', () => {
  it('is answered one by one, and somebody else between them', async () => {
    let served = 0
    const { dial } = await serve((request, response) => {
      served++
      response.sendWhole(200, [], request.url === '/other' ? `[${served}]` : '')
    })
    const [many, other] = [await dial(), await dial()]
    // Both are there when the loop looks next.
    many.socket.write(get('/').repeat(1_000))
    other.socket.write(get('/other'))
    expect(Number(/\[(\d+)\]/.exec(await other.until((said) => said.includes(']')))?.[1])).toBeLessThan(500)
    await many.until((said) => said.split('HTTP/1.1 200 OK').length > 1_000)
    expect(served).toBe(1_001)
  })
})

describe('T26 a client that reads slowly', () => {
  it('keeps its connection as long as it takes something', async () => {
    const { dial } = await serve((_request, response) => response.sendWhole(200, [], Buffer.alloc(24_000_000, 'x')), {
      keepAliveMs: 1_200,
    })
    const wire = await dial()
    wire.socket.pause()
    wire.socket.write(get('/'))
    for (let round = 0; round < 6; round++) {
      await pause(500)
      wire.socket.resume()
      await pause(5)
      wire.socket.pause()
    }
    wire.socket.resume()
    await wire.until((said) => said.length > 24_000_000)
  })
})

describe('F37 a bound on taking an answer', () => {
  it('does not end the next exchange over TLS, where bytes are taken without a word', async () => {
    const { key, cert } = makeTestCertificate()
    const { listener } = await serve(
      (request, response) => {
        const answer = (): void => {
          response.sendWhole(200, [], `[${request.url}]`)
          response.boundWrites(200)
        }
        if (request.url === '/slow') setTimeout(answer, 900)
        else answer()
      },
      { tls: { key, cert } },
    )
    const { port } = listener.server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const said = await new Promise<string>((resolve) => {
      let text = ''
      socket.on('error', () => resolve(text))
      socket.on('close', () => resolve(text))
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.endsWith('[/slow]')) resolve(text)
        else if (text.endsWith('[/fast]')) socket.write(get('/slow'))
      })
      socket.write(get('/fast'))
    })
    socket.destroy()
    expect(said).toContain('[/slow]')
  })
})

describe('T24 a head', () => {
  it('of nothing but blanks is read in one look', () => {
    const blanks = ' '.repeat(2_000_000)
    expect(readHead(`GET / HTTP/1.1\r\nhost: a\r\nx-a: \ta${blanks}b\t \r\n`)).toMatchObject({
      rawHeaders: ['host', 'a', 'x-a', `a${blanks}b`],
    })
  })

  it('of HTTP/1.0 is not invited to go on', () => {
    expect(readHead('POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 2\r\n')).toMatchObject({ expects: '' })
  })
})

function countOf(server: {
  getConnections(told: (error: Error | null, count: number) => void): unknown
}): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}
