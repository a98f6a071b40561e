// One connection to an upstream: answers cut at every byte, and what is never put on the wire.
import { describe, expect, test } from 'vitest'
import { requestBytes } from './request-bytes.ts'
import { get, openChannel, rawUpstream, record, streamed } from './upstream.test.kit.ts'

describe('an answer', () => {
  const answers = [
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world'],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nx-sum: 1\r\n\r\n',
    ],
    [
      'behind early hints',
      'HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world',
    ],
  ] as const

  test.each(answers)('%s is the same whole and cut at every byte, over one connection', async (_title, wire) => {
    let sockets = 0
    let cut = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      socket.setNoDelay(true)
      socket.on('data', () => {
        socket.write(wire.slice(0, cut))
        setImmediate(() => socket.write(wire.slice(cut)))
      })
    })
    const channel = openChannel(origin, { poolSize: 1 })
    for (cut = 1; cut <= wire.length; cut += 1) {
      const answer = await record((sink) => channel.send(streamed, sink)).done
      expect(answer).toMatchObject({ status: 200, text: 'hello world', failure: undefined })
    }
    expect(sockets).toBe(1)
  })

  test.each(answers)('%s that ends at any byte before its last one is a reset', async (_title, wire) => {
    for (let cut = 0; cut < wire.length; cut += 7) {
      const { origin } = await rawUpstream((socket) => socket.once('data', () => socket.end(wire.slice(0, cut))))
      const { failure } = await record((sink) => openChannel(origin).send(streamed, sink)).done
      expect(failure).toMatchObject({ kind: 'reset' })
    }
  })

  test('that only ever announces itself is a protocol failure', async () => {
    const { origin } = await rawUpstream((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10_000)))
    })
    const { failure } = await record((sink) => openChannel(origin).send(streamed, sink)).done
    expect(failure).toMatchObject({ kind: 'protocol', afterHead: false })
  })

  test('that comes before the request was read to its end spoils the connection, not the answer', async () => {
    let sockets = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno')
      })
    })
    const channel = openChannel(origin)
    for (let round = 0; round < 2; round += 1) {
      const body = Buffer.alloc(16 * 1024 * 1024)
      const answer = await record((sink) => channel.send({ ...streamed, body }, sink)).done
      expect(answer).toMatchObject({ status: 413, text: 'no' })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(sockets).toBe(2)
  })
})

describe('a request', () => {
  const bytes = (headers: Record<string, string>, path = '/v1') =>
    requestBytes({ ...get, path, headers }, 'a.test', false)

  test('is one text with its body where that is small, and apart where it is not', () => {
    const small = requestBytes({ ...streamed, body: [Buffer.from('{"a":'), Buffer.from('"ä"}')] }, 'a.test:81', true)
    expect(small).toEqual({
      kind: 'joined',
      text: `POST / HTTP/1.1\r\nhost: a.test:81\r\nconnection: close\r\naccept-encoding: identity\r\ncontent-length: 10\r\n\r\n{"a":"${Buffer.from('ä').toString('latin1')}"}`,
    })
    const large = [Buffer.alloc(16_000), Buffer.alloc(16_000)]
    expect(requestBytes({ ...streamed, body: large }, 'a.test', false)).toMatchObject({ kind: 'apart', pieces: large })
  })

  test('without a body has no length, unless it is a POST', () => {
    expect(bytes({})).toMatchObject({ text: expect.not.stringContaining('content-length') })
    expect(requestBytes({ ...get, method: 'POST' }, 'a', false)).toMatchObject({
      text: expect.stringContaining('content-length: 0\r\n'),
    })
  })

  test.each([
    ['a line break in a value', { 'x-a': 'b\r\nc: d' }, '/'],
    ['a bare line feed in a value', { 'x-a': 'b\nc: d' }, '/'],
    ['a letter no byte can hold', { 'x-a': '\u0142' }, '/'],
    ['a name that is no token', { 'x a': 'b' }, '/'],
    ['a blank in the path', {}, '/a b'],
    ['a line break in the path', {}, '/a\r\nhost: b'],
    ['no path', {}, ''],
  ])('with %s is not sent', (_title, headers, path) => {
    expect(bytes(headers, path)).toBeUndefined()
  })
})
