// Whole and streamed answers over real sockets: order of calls, back-pressure, destruction, redirects.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { createHttpTransport } from './http-transport.ts'
import {
  fetchWith,
  get,
  httpUpstream,
  openChannel,
  pauseMs,
  rawUpstream,
  record,
  streamed,
  until,
} from './upstream.test.kit.ts'

describe('answers', () => {
  test('a whole answer arrives as head, data, end with lower-case header names', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.setHeader('X-Request-Id', 'abc').end('{"ok":true}')
    })
    const answer = await fetchWith(origin)
    expect(answer).toMatchObject({ status: 200, text: '{"ok":true}', calls: ['head', 'data', 'end'] })
    expect(answer.headers['x-request-id']).toBe('abc')
  })

  test('a body goes out in one piece with its content-length, and identity is asked for', async () => {
    const { origin } = await httpUpstream((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => response.end(JSON.stringify([request.headers, Buffer.concat(parts).toString()])))
    })
    const answer = await fetchWith(origin, { ...streamed, body: Buffer.from('xx{"a":1}').subarray(2) })
    const [headers, text]: [Record<string, string>, string] = JSON.parse(answer.text)
    expect(text).toBe('{"a":1}')
    expect(headers).toMatchObject({ 'content-length': '7', 'accept-encoding': 'identity', connection: 'keep-alive' })
  })

  test('stream chunks arrive as they are written', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.write('data: 1\n\n')
      setTimeout(() => response.end('data: 2\n\n'), 20)
    })
    const answer = await fetchWith(origin, streamed)
    expect(answer.chunks.map(String)).toEqual(['data: 1\n\n', 'data: 2\n\n'])
  })

  test('a close-delimited answer ends with end', async () => {
    const { origin } = await rawUpstream((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n'))
    })
    expect(await fetchWith(origin, streamed)).toMatchObject({ text: 'data: 1\n\n', calls: ['head', 'data', 'end'] })
  })

  test('early hints are not taken for the answer', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('late'))
    })
    expect(await fetchWith(origin)).toMatchObject({ status: 200, text: 'late', calls: ['head', 'data', 'end'] })
  })

  test('T7 a redirect is handed on as a status and not followed', async () => {
    const hits: string[] = []
    const other = await httpUpstream((request, response) => {
      hits.push(request.url ?? '')
      response.end()
    })
    for (const status of [301, 302, 303, 307, 308]) {
      const { origin } = await httpUpstream((_request, response) => {
        response.writeHead(status, { location: `${other.origin}/stolen` }).end()
      })
      const answer = await fetchWith(origin, { ...get, headers: { 'x-api-key': 'canary' } })
      expect(answer.status).toBe(status)
    }
    expect(hits).toEqual([])
  })

  test('a request that no head may carry fails after send has returned', async () => {
    const { origin } = await httpUpstream((_request, response) => response.end())
    const channel = openChannel(origin)
    const { recorded, done } = record((sink) => channel.send({ ...get, headers: { 'x-bad': 'a\r\nb: c' } }, sink))
    expect(recorded.calls).toEqual([])
    expect(await done).toMatchObject({ calls: ['fail'], failure: { kind: 'protocol', afterHead: false } })
    expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ status: 200 })
  })
})

describe('opening', () => {
  test.each([
    'ftp://a.test',
    'a.test',
    '',
    'https://a.test/v1',
    'https://user:pw@a.test',
    'https://a.test?x',
    'https://a.test#x',
  ])('%j is not an origin', (origin) => {
    expect(() => createHttpTransport().open({ origin, allowPrivate: true })).toThrow(AiError)
  })
})

describe('back-pressure and destruction', () => {
  test('pause stops reading, so that the write of the upstream stalls, and resume continues without loss', async () => {
    let written = 0
    let stalled = false
    const total = 32 * 1024 * 1024
    const block = Buffer.alloc(64 * 1024, 'a')
    const { origin } = await httpUpstream((_request, response) => {
      const pump = (): void => {
        while (written < total) {
          written += block.length
          if (!response.write(block)) {
            stalled = true
            response.once('drain', () => {
              stalled = false
              pump()
            })
            return
          }
        }
        response.end()
      }
      pump()
    })
    const channel = openChannel(origin)
    const { flight, recorded, done, first } = record(
      (sink) => channel.send(streamed, sink),
      (running, so) => {
        if (so.calls.length === 2) running.pause()
      },
    )
    await first
    await until(() => stalled)
    await pauseMs(100)
    const [seen, wrote] = [recorded.chunks.length, written]
    await pauseMs(200)
    expect(recorded.chunks).toHaveLength(seen)
    expect(seen).toBe(1)
    expect(written).toBe(wrote)
    expect(stalled).toBe(true)
    expect(wrote).toBeLessThan(total)
    flight.resume()
    const answer = await done
    expect(answer.chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(total)
    expect(answer.calls.at(-1)).toBe('end')
  })

  test('pause before the head holds the body back', async () => {
    const { origin } = await httpUpstream((_request, response) => response.end('body'))
    const channel = openChannel(origin)
    const { flight, recorded, done, headed } = record((sink) => channel.send(streamed, sink))
    flight.pause()
    await headed
    await pauseMs(50)
    expect(recorded.calls).toEqual(['head'])
    flight.resume()
    expect(await done).toMatchObject({ text: 'body' })
  })

  test('T10 destroy closes the socket of the upstream and nothing more is called', async () => {
    const sockets: Socket[] = []
    const { origin, server } = await httpUpstream((_request, response) => {
      response.write('data: 1\n\n')
    })
    server.on('connection', (socket) => sockets.push(socket))
    const channel = openChannel(origin, { poolSize: 1 })
    const { flight, recorded, first } = record((sink) => channel.send(streamed, sink))
    await first
    flight.destroy()
    flight.destroy()
    await until(() => sockets[0]?.destroyed === true)
    expect(recorded.calls).toEqual(['head', 'data'])
    const next = record((sink) => channel.send(streamed, sink))
    await next.first
    expect(sockets).toHaveLength(2)
    next.flight.destroy()
  })

  test('destroy from inside head, data and before anything was sent leaves the channel working', async () => {
    const { origin } = await httpUpstream((_request, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 5)
    })
    const channel = openChannel(origin, { poolSize: 1 })
    const inData = record(
      (sink) => channel.send(streamed, sink),
      (flight) => flight.destroy(),
    )
    await inData.first
    const unsent = record((sink) => channel.send(streamed, sink))
    unsent.flight.destroy()
    const calls: string[] = []
    await new Promise<void>((resolve) => {
      const flight = channel.send(streamed, {
        head: () => {
          calls.push('head')
          flight.destroy()
          setTimeout(resolve, 30)
        },
        data: () => calls.push('data'),
        end: () => calls.push('end'),
        fail: () => calls.push('fail'),
      })
    })
    expect(calls).toEqual(['head'])
    expect(await record((sink) => channel.send(streamed, sink)).done).toMatchObject({ text: 'ab' })
    expect(inData.recorded.calls).toEqual(['head', 'data'])
    expect(unsent.recorded.calls).toEqual([])
  })

  test('destroy while connecting closes the half-open connection', async () => {
    const { origin, server } = await rawUpstream(() => {})
    let closed = 0
    server.on('connection', (socket: Socket) => socket.on('close', () => (closed += 1)).resume())
    const channel = openChannel(origin.replace('http:', 'https:'))
    const { flight, recorded } = record((sink) => channel.send(get, sink))
    await new Promise((resolve) => server.once('connection', resolve))
    flight.destroy()
    await until(() => closed === 1)
    expect(recorded.calls).toEqual([])
  })
  test('destroy amid a close-delimited body calls nothing more', async () => {
    const closed = Promise.withResolvers<void>()
    const { origin } = await rawUpstream((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n'))
      socket.on('close', () => closed.resolve())
    })
    const channel = openChannel(origin)
    const { flight, recorded, first } = record((sink) => channel.send(streamed, sink))
    await first
    flight.destroy()
    await closed.promise
    await pauseMs(20)
    expect(recorded.calls).toEqual(['head', 'data'])
  })
})
