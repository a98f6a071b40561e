// T22: encoded answers come out plain, bounded by what they inflate to; encoded streams are refused.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { fetchWith, get, httpUpstream, openChannel, pauseMs, record, streamed } from './upstream.test.kit.ts'

const text = JSON.stringify({ answer: 'ü'.repeat(50_000) })
const plain = Buffer.from(text)

function encoded(encoding: string | string[], body: Buffer): Promise<{ origin: string }> {
  return httpUpstream((_request, response) => {
    response.setHeader('content-encoding', encoding).setHeader('content-length', body.length).end(body)
  })
}

describe('whole answers', () => {
  test.each<[string, string | string[], Buffer]>([
    ['gzip', 'gzip', gzipSync(plain)],
    ['x-gzip in capitals', 'X-GZIP', gzipSync(plain)],
    ['deflate', 'deflate', deflateSync(plain)],
    ['br', 'br', brotliCompressSync(plain)],
    ['zstd', 'zstd', zstdCompressSync(plain)],
    ['identity', 'identity', plain],
    ['two in one header', 'gzip, br', brotliCompressSync(gzipSync(plain))],
    ['two in two headers', ['gzip', 'zstd'], zstdCompressSync(gzipSync(plain))],
  ])('%s is undone and its headers are gone', async (_title, encoding, body) => {
    const { origin } = await encoded(encoding, body)
    const answer = await fetchWith(origin)
    expect(answer.text).toBe(text)
    expect(answer.calls.at(-1)).toBe('end')
    if (encoding === 'identity') return
    expect(answer.headers['content-encoding']).toBeUndefined()
    expect(answer.headers['content-length']).toBeUndefined()
  })

  test('accept-encoding of the request is kept on whole answers and replaced on streams', async () => {
    const { origin } = await httpUpstream((request, response) => response.end(request.headers['accept-encoding']))
    const headers = { 'accept-encoding': 'gzip, br' }
    expect(await fetchWith(origin, { ...get, headers })).toMatchObject({ text: 'gzip, br' })
    expect(await fetchWith(origin, { ...streamed, headers })).toMatchObject({ text: 'identity' })
  })

  test.each<[string, string, Buffer]>([
    ['three encodings', 'gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(plain)))],
    ['an unknown encoding', 'compress', plain],
    ['bytes that are not gzip', 'gzip', plain],
    ['gzip that stops early', 'gzip', gzipSync(Buffer.from(String(Math.PI).repeat(9_999))).subarray(0, 200)],
  ])('%s fails as encoding', async (_title, encoding, body) => {
    const { origin } = await encoded(encoding, body)
    const answer = await fetchWith(origin)
    expect(answer.failure).toMatchObject({ kind: 'encoding', afterHead: true })
    expect(answer.calls.at(-1)).toBe('fail')
  })

  test('an empty body with an encoding ends', async () => {
    const { origin } = await encoded('gzip', Buffer.alloc(0))
    expect(await fetchWith(origin)).toMatchObject({ text: '', calls: ['head', 'end'] })
  })

  test('the socket of an inflated answer is used again', async () => {
    let sockets = 0
    const { origin, server } = await httpUpstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(plain))
    })
    server.on('connection', () => (sockets += 1))
    const channel = openChannel(origin)
    for (let round = 0; round < 3; round += 1) {
      expect((await record((sink) => channel.send(get, sink)).done).text).toBe(text)
      await pauseMs(5)
    }
    expect(sockets).toBe(1)
  })
})

describe('bounds', () => {
  const mebibyte = 1024 * 1024

  test('a plain answer above maxAnswerBytes is too large, one of exactly that size is not', async () => {
    const { origin } = await httpUpstream((_request, response) => response.end(Buffer.alloc(1000)))
    expect((await fetchWith(origin, { ...get, maxAnswerBytes: 1000 })).calls.at(-1)).toBe('end')
    expect((await fetchWith(origin, { ...get, maxAnswerBytes: 999 })).failure).toMatchObject({ kind: 'too-large' })
  })

  test.each([
    ['gzip', 'gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['br', 'br', (bytes: Buffer) => brotliCompressSync(bytes)],
    ['zstd', 'zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
    ['gzip in gzip', 'gzip, gzip', (bytes: Buffer) => gzipSync(gzipSync(bytes))],
  ])('a %s bomb is cut at the bound', async (_title, encoding, compress) => {
    const { origin } = await encoded(encoding, compress(Buffer.alloc(32 * mebibyte)))
    const answer = await fetchWith(origin, { ...get, maxAnswerBytes: mebibyte })
    expect(answer.failure).toEqual({ kind: 'too-large', afterHead: true })
    const delivered = answer.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    expect(delivered).toBeLessThanOrEqual(mebibyte)
  })

  test('a flight paused before its head inflates nothing until it is resumed', async () => {
    const { origin } = await encoded('gzip', gzipSync(plain))
    const channel = openChannel(origin)
    const { flight, recorded, done, headed } = record((sink) => channel.send(get, sink))
    flight.pause()
    await headed
    // Lets the connection hand over bytes while the decoder is still held.
    await pauseMs(50)
    expect(recorded.calls).toEqual(['head'])
    flight.resume()
    expect(await done).toMatchObject({ text })
  })

  test('a paused flight stops inflating and goes on without loss', async () => {
    const body = Buffer.alloc(16 * mebibyte, 'abc')
    const { origin } = await encoded('gzip', gzipSync(body))
    const channel = openChannel(origin)
    const { flight, recorded, done, first } = record(
      (sink) => channel.send(get, sink),
      (running, so) => {
        if (so.chunks.length === 1) running.pause()
      },
    )
    await first
    await pauseMs(100)
    expect(recorded.chunks).toHaveLength(1)
    flight.resume()
    const answer = await done
    expect(Buffer.concat(answer.chunks).equals(body)).toBe(true)
  })
})

describe('streams', () => {
  test('an encoded stream fails as encoding before its head is handed on', async () => {
    const { origin } = await encoded('gzip', gzipSync(plain))
    const answer = await fetchWith(origin, streamed)
    expect(answer.failure).toEqual({ kind: 'encoding', afterHead: true })
    expect(answer.calls).toEqual(['fail'])
  })

  test('an encoded refusal of a stream is a whole answer', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.writeHead(429, { 'content-encoding': 'gzip' }).end(gzipSync(plain))
    })
    expect(await fetchWith(origin, streamed)).toMatchObject({ status: 429, text })
  })
})
