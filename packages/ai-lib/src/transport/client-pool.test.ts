// B12: sockets and queue are bounded, spoilt sockets are gone, and no answer reaches another request.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { get, httpUpstream, openChannel, pauseMs, rawUpstream, record, streamed, until } from './upstream.test.kit.ts'

describe('B12 bounds', () => {
  test('never more sockets than poolSize, and everything queued is answered in order', async () => {
    let open = 0
    let most = 0
    const served: string[] = []
    const { origin, server } = await httpUpstream((request, response) => {
      served.push(request.url ?? '')
      setTimeout(() => response.end(request.url), 3)
    })
    server.on('connection', (socket) => {
      most = Math.max(most, (open += 1))
      socket.on('close', () => (open -= 1))
    })
    const channel = openChannel(origin, { poolSize: 4 })
    const paths = Array.from({ length: 60 }, (_, index) => `/${index}`)
    const answers = await Promise.all(paths.map((path) => record((sink) => channel.send({ ...get, path }, sink)).done))
    expect(answers.map((answer) => answer.text)).toEqual(paths)
    expect(served).toEqual(paths)
    expect(most).toBe(4)
  })

  test('a full queue refuses at once, the others are served', async () => {
    const held: ServerResponse[] = []
    const { origin } = await httpUpstream((_request, response) => void held.push(response))
    const channel = openChannel(origin, { poolSize: 1, maxQueued: 2 })
    const [first, second, third, fourth] = Array.from({ length: 4 }, () => record((sink) => channel.send(get, sink)))
    expect(fourth?.recorded.calls).toEqual([])
    const reason = '2 wait for one already, which is the limit.'
    expect((await fourth?.done)?.failure).toEqual({ kind: 'queue-full', afterHead: false, reason })
    for (const flight of [first, second, third]) {
      await until(() => held.length > 0)
      held.shift()?.end('ok')
      expect(await flight?.done).toMatchObject({ text: 'ok' })
    }
  })

  test('waiting for a socket longer than queueTimeoutMs is queue-full', async () => {
    let requests = 0
    const { origin } = await httpUpstream(() => void (requests += 1))
    const channel = openChannel(origin, { poolSize: 1, queueTimeoutMs: 40 })
    const first = record((sink) => channel.send(get, sink))
    const { failure } = await record((sink) => channel.send(get, sink)).done
    expect(failure).toEqual({ kind: 'queue-full', afterHead: false, reason: 'None came free within 40 ms.' })
    expect(requests).toBe(1)
    first.flight.destroy()
  })

  test('a destroyed flight leaves the queue and its place to others', async () => {
    const held: ServerResponse[] = []
    const { origin } = await httpUpstream((_request, response) => void held.push(response))
    const channel = openChannel(origin, { poolSize: 1, maxQueued: 1 })
    const first = record((sink) => channel.send(get, sink))
    const second = record((sink) => channel.send(get, sink))
    second.flight.destroy()
    const third = record((sink) => channel.send(get, sink))
    await until(() => held.length === 1)
    held[0]?.end('1')
    await first.done
    await until(() => held.length === 2)
    held[1]?.end('3')
    expect(await third.done).toMatchObject({ text: '3' })
    expect(second.recorded.calls).toEqual([])
  })

  test('callers take turns: one behind a burst of another waits for one answer, not for the burst', async () => {
    const served: string[] = []
    const { origin } = await httpUpstream((request, response) => {
      served.push(request.url ?? '')
      setTimeout(() => response.end(), 2)
    })
    const waiting: number[] = []
    const channel = openChannel(origin, { poolSize: 1, onWaiting: (change) => waiting.push(change) })
    const from = (caller: string, path: string) => record((sink) => channel.send({ ...get, path, caller }, sink)).done
    const burst = Array.from({ length: 6 }, (_, index) => from('a', `/a${index}`))
    await Promise.all([...burst, from('b', '/b0'), from('c', '/c0'), from('b', '/b1')])
    expect(served).toEqual(['/a0', '/a1', '/b0', '/c0', '/a2', '/b1', '/a3', '/a4', '/a5'])
    expect(waiting.filter((change) => change === 1)).toHaveLength(8)
    expect(waiting.reduce((sum, change) => sum + change, 0)).toBe(0)
  })

  test('with callerShare one caller leaves sockets to the others, whatever it waits for', async () => {
    const held = new Map<string, ServerResponse>()
    const { origin } = await httpUpstream((request, response) => void held.set(request.url ?? '', response))
    const channel = openChannel(origin, { poolSize: 4, callerShare: 0.5, maxQueued: 8 })
    const from = (caller: string, path: string) => record((sink) => channel.send({ ...get, path, caller }, sink))
    const slow = Array.from({ length: 7 }, (_, index) => from('slow', `/slow${index}`))
    const quick = [from('quick', '/quick0'), from('quick', '/quick1')]
    await until(() => held.size === 4)
    expect([...held.keys()].sort()).toEqual(['/quick0', '/quick1', '/slow0', '/slow1'])
    expect((await slow[6]?.done)?.failure).toMatchObject({
      kind: 'queue-full',
      reason: 'This caller has 4 waiting for one already, which is its share.',
    })
    for (const path of ['/quick0', '/quick1']) held.get(path)?.end(path)
    expect((await Promise.all(quick.map(({ done }) => done))).map(({ text }) => text)).toEqual(['/quick0', '/quick1'])
    await pauseMs(10)
    expect(held.size).toBe(4)
    held.get('/slow0')?.end()
    await until(() => held.has('/slow2'))
    for (const { flight } of slow) flight.destroy()
  })

  test('a failed connection gives its place to the queue', async () => {
    let sockets = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      if (sockets <= 2) socket.resetAndDestroy()
      else socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    })
    const channel = openChannel(origin, { poolSize: 1 })
    const answers = await Promise.all([1, 2, 3, 4].map(() => record((sink) => channel.send(get, sink)).done))
    expect(answers.map((answer) => answer.failure?.kind ?? answer.text)).toEqual(['reset', 'reset', 'ok', 'ok'])
    expect(sockets).toBe(3)
  })
})

describe('idle sockets', () => {
  test('are used again, and closed after idleTimeoutMs whatever the upstream hints', async () => {
    const sockets: Socket[] = []
    const { origin } = await rawUpstream((socket) => {
      sockets.push(socket)
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nkeep-alive: timeout=600\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const channel = openChannel(origin, { idleTimeoutMs: 150 })
    await record((sink) => channel.send(get, sink)).done
    await pauseMs(20)
    await record((sink) => channel.send(get, sink)).done
    expect(sockets).toHaveLength(1)
    await until(() => sockets[0]?.destroyed === true)
  })

  test('an announcement that is shorter than those of others counts, whenever it comes', async () => {
    const sockets: Socket[] = []
    const { origin } = await rawUpstream((socket) => {
      sockets.push(socket)
      const hint = sockets.length === 1 ? 'timeout=600' : 'timeout=1'
      const answer = `HTTP/1.1 200 OK\r\nkeep-alive: ${hint}\r\ncontent-length: 2\r\n\r\nok`
      socket.on('data', () => setTimeout(() => socket.write(answer), sockets.length === 1 ? 0 : 20))
    })
    const channel = openChannel(origin)
    await Promise.all([1, 2].map(() => record((sink) => channel.send(get, sink)).done))
    await until(() => sockets[1]?.destroyed === true)
    expect(sockets[0]?.destroyed).toBe(false)
  })

  test('close lets flights end, closes idle sockets and refuses what comes after', async () => {
    const sockets = new Set<Socket>()
    const { origin, server } = await httpUpstream((_request, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 40)
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    const channel = openChannel(origin, { poolSize: 1 })
    const running = record((sink) => channel.send(streamed, sink))
    const queued = record((sink) => channel.send(streamed, sink))
    await running.first
    const closed = channel.close()
    const late = await record((sink) => channel.send(get, sink)).done
    expect(late.failure).toMatchObject({ kind: 'refused', afterHead: false })
    await closed
    expect([running.recorded.text, queued.recorded.text]).toEqual(['ab', 'ab'])
    await until(() => sockets.size === 0)
  })
})

describe('T10 no byte of another request', () => {
  test('thousands of requests with random aborts each see only their own canary', async () => {
    const { origin } = await httpUpstream((request, response) => {
      const canary = String(request.headers['x-canary'])
      response.write(`${canary}\n`)
      const again = (left: number): void => {
        if (left === 0) response.end()
        else {
          response.write(`${canary}\n`)
          setImmediate(again, left - 1)
        }
      }
      again(3)
    })
    const channel = openChannel(origin, { poolSize: 16, maxQueued: 10_000 })
    let seed = 7
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    const one = (id: number): Promise<string[]> =>
      new Promise((resolve) => {
        const cut = random() < 0.3 ? Math.floor(random() * 4) : -1
        let text = ''
        let chunks = 0
        const finish = (): void => resolve(text.split('\n').filter((line) => line !== '' && line !== `c${id}`))
        const flight = channel.send(
          { ...streamed, headers: { 'x-canary': `c${id}` } },
          {
            head: () => {
              if (cut !== 0) return
              flight.destroy()
              finish()
            },
            data: (chunk) => {
              text += chunk.toString()
              chunks += 1
              if (cut === -1 || chunks !== cut) return
              flight.destroy()
              finish()
            },
            end: finish,
            fail: finish,
          },
        )
      })
    const foreign = await Promise.all(Array.from({ length: 2_000 }, (_, id) => one(id)))
    expect(foreign.flat()).toEqual([])
  })

  // Poisoning: the upstream answers each request and then writes a second answer nobody asked for.
  const evil = (delayMs: number) =>
    rawUpstream((socket) => {
      socket.on('data', (bytes) => {
        const canary = /x-canary: (\S+)/.exec(bytes.toString())?.[1] ?? ''
        const answer = (text: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`
        if (delayMs < 0) socket.write(answer(canary) + answer('poison'))
        else {
          socket.write(answer(canary))
          const poison = (): void => void (socket.destroyed || socket.write(answer('poison')))
          if (delayMs === 0) setImmediate(poison)
          else setTimeout(poison, delayMs)
        }
      })
    })

  test('an extra answer behind the first in one packet reaches nobody', async () => {
    const { origin } = await evil(-1)
    const channel = openChannel(origin, { poolSize: 1 })
    for (let id = 0; id < 100; id += 1) {
      const { text } = await record((sink) => channel.send({ ...get, headers: { 'x-canary': `c${id}` } }, sink)).done
      expect(text).toBe(`c${id}`)
    }
  })

  test.each([-1, 0, 1])(
    'T10 without keep-alive no extra answer reaches anybody: 0 of 200, eight at a time, the poison after %i ms',
    async (delayMs) => {
      const { origin, server } = await evil(delayMs)
      let sockets = 0
      server.on('connection', () => (sockets += 1))
      const channel = openChannel(origin, { poolSize: 8, keepAlive: false })
      const ask = async (id: number): Promise<string> => {
        const { text } = await record((sink) => channel.send({ ...get, headers: { 'x-canary': `c${id}` } }, sink)).done
        return text === `c${id}` ? 'right' : text
      }
      const told = await Promise.all(Array.from({ length: 200 }, (_, id) => ask(id)))
      expect(told.filter((text) => text !== 'right')).toEqual([])
      expect(sockets).toBe(200)
    },
  )

  test('an extra answer in a gap between requests reaches nobody', async () => {
    const { origin } = await evil(1)
    const channel = openChannel(origin, { poolSize: 1 })
    for (let id = 0; id < 10; id += 1) {
      const { text } = await record((sink) => channel.send({ ...get, headers: { 'x-canary': `c${id}` } }, sink)).done
      expect(text).toBe(`c${id}`)
      await pauseMs(10)
    }
  })

  test('one extra answer ends keep-alive with that upstream: also warm sockets are not used again', async () => {
    const connections: string[] = []
    let sockets = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      socket.on('data', (bytes) => {
        connections.push(/connection: (\S+)/.exec(bytes.toString())?.[1] ?? '')
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        if (connections.length === 1) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 20)
      })
    })
    const channel = openChannel(origin)
    const both = [1, 2].map(() => record((sink) => channel.send(get, sink)).done)
    await Promise.all(both)
    await pauseMs(60)
    for (let round = 0; round < 3; round += 1) {
      expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
      await pauseMs(10)
    }
    expect(connections).toEqual(['keep-alive', 'keep-alive', 'close', 'close', 'close'])
    expect(sockets).toBe(5)
  })

  test('a request that waits for a socket which is then poisoned goes out on a new one', async () => {
    const { origin } = await evil(1)
    const channel = openChannel(origin, { poolSize: 4 })
    for (let round = 0; round < 50; round += 1) {
      const all = Array.from({ length: 4 }, () => record((sink) => channel.send(get, sink)).done)
      expect((await Promise.all(all)).map((answer) => answer.failure)).toEqual(Array(4).fill(undefined))
    }
  })

  test('a malformed answer spoils its own socket only: keep-alive with that upstream stays', async () => {
    let sockets = 0
    const { origin } = await rawUpstream((socket) => {
      sockets += 1
      socket.on('data', (bytes) => {
        const isBad = bytes.toString().startsWith('GET /bad ')
        socket.write(isBad ? 'rubbish\r\n\r\n' : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const channel = openChannel(origin)
    const bad = await record((sink) => channel.send({ ...get, path: '/bad' }, sink)).done
    expect(bad.failure).toMatchObject({ kind: 'protocol' })
    for (let round = 0; round < 3; round += 1) {
      expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
      await pauseMs(5)
    }
    expect(sockets).toBe(2)
  })
})
