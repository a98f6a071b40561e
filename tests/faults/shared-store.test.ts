// What a shared store may do to the service: nothing but to be of no use.
import { createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../kit/service.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { startValkey, type ValkeyServer } from '../kit/valkey.ts'
import { needs } from '../require.ts'
import { chatBody, eventually, logLines, metricsOf, post, type Told } from './asking.ts'

const path = '/v1/chat/completions'

function cached(url: string): Promise<Simulated> {
  return startSimulated({ yaml: `stores: { shared: "${url}" }\ncache: { enabled: true }` })
}

function ask({ service }: Simulated, text: string): Promise<Told> {
  return post(service.url, path, chatBody('openai/echo', text))
}

async function errorsCounted({ service }: Simulated): Promise<number> {
  return Number(/^ai_cache_total\{result="error"\} (\d+)/m.exec(await metricsOf(service))?.[1] ?? 0)
}

function linesAbout({ service }: Simulated, what: string): number {
  return logLines(service).filter(({ message }) => String(message).includes(what)).length
}

/** Ten questions, one after the other: all answered by the provider, and nowhere near ten waits for the store. */
async function tenAnswered(simulated: Simulated, about: string): Promise<void> {
  const startedMs = performance.now()
  for (let index = 0; index < 10; index++) {
    const told = await ask(simulated, `${about} ${index}`)
    expect(told.status).toBe(200)
    expect(told.headers.get('x-ai-cache')).toBe('miss')
    expect(told.text).toContain(`${about} ${index}`)
  }
  expect(performance.now() - startedMs).toBeLessThan(1_000)
}

/** The store is back: what one request was told the next one is given. */
function back(simulated: Simulated, text: string): Promise<void> {
  return eventually(async () => (await ask(simulated, text)).headers.get('x-ai-cache') === 'hit', 'a hit', 20_000)
}

needs('redis-server')('a shared store', () => {
  let server: ValkeyServer
  let simulated: Simulated | undefined
  beforeEach(async () => {
    server = await startValkey()
  })
  afterEach(async () => {
    server.thaw()
    await simulated?.stop()
    await server.stop()
  })

  it('F17 that is down at the start: the service starts, answers, and uses it once it is there', async () => {
    await server.kill()
    simulated = await cached(server.url)
    await tenAnswered(simulated, 'down at the start')
    expect(await errorsCounted(simulated)).toBeGreaterThanOrEqual(10)
    expect(linesAbout(simulated, 'the shared store is away')).toBe(1)
    expect(simulated.service.output()).toContain(`"store":"127.0.0.1:${server.port}"`)
    expect((await fetch(`${simulated.service.url}/health/ready`)).status).toBe(200)
    await server.revive()
    await back(simulated, 'there now')
    expect(linesAbout(simulated, 'the shared store is there')).toBe(1)
  })

  it('F17 that dies while it is used: requests go on, one line in the log, and it is used again', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'before')
    await server.kill()
    await tenAnswered(simulated, 'dead')
    expect(linesAbout(simulated, 'the shared store is away')).toBe(1)
    await server.revive()
    await back(simulated, 'after')
  })

  it('F18 that stands still: one wait, then none, and no late reply is taken for another', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'before')
    server.freeze()
    await tenAnswered(simulated, 'frozen')
    const together = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ask(simulated as Simulated, `at once ${index}`)),
    )
    for (const [index, { status, text }] of together.entries()) {
      expect(status).toBe(200)
      expect(text).toContain(`at once ${index}`)
    }
    server.thaw()
    await back(simulated, 'thawed')
    for (let index = 0; index < 10; index++) {
      expect((await ask(simulated, `its own ${index}`)).text).toContain(`its own ${index}`)
      expect((await ask(simulated, `its own ${index}`)).text).toContain(`its own ${index}`)
    }
  })

  it('F18 that is paused for two seconds: the same', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'before')
    await server.command('CLIENT', 'PAUSE', '2000', 'ALL')
    await tenAnswered(simulated, 'paused')
    await back(simulated, 'unpaused')
  })

  it('F19 that became a read-only replica: nothing is kept, nothing fails, each write is counted', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'written before')
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await tenAnswered(simulated, 'read-only')
    expect((await ask(simulated, 'written before')).headers.get('x-ai-cache')).toBe('hit')
    await eventually(async () => (await errorsCounted(simulated as Simulated)) >= 10, 'ten errors')
    await server.command('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
    await tenAnswered(simulated, 'master down')
    await server.command('REPLICAOF', 'NO', 'ONE')
    await back(simulated, 'promoted')
  })

  it('F20 that is emptied, full, or evicts', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'emptied')
    await server.command('FLUSHALL')
    expect((await ask(simulated, 'emptied')).headers.get('x-ai-cache')).toBe('miss')
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await tenAnswered(simulated, 'out of memory')
    await eventually(async () => (await errorsCounted(simulated as Simulated)) >= 10, 'ten errors')
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
    await tenAnswered(simulated, 'evicting')
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await back(simulated, 'room again')
  })

  it('T10 that gives another entry’s value: it is found out, counted, and replaced', async () => {
    simulated = await cached(server.url)
    await back(simulated, 'canary of one')
    const [mine] = await keysOf(server)
    await back(simulated, 'canary of another')
    const other = (await keysOf(server)).find((key) => key !== mine)
    await server.command('COPY', mine ?? '', other ?? '', 'REPLACE')
    const told = await ask(simulated, 'canary of another')
    expect(told.text).not.toContain('canary of one')
    expect(told.headers.get('x-ai-cache')).toBe('miss')
    expect(await errorsCounted(simulated)).toBeGreaterThan(0)
    await back(simulated, 'canary of another')
  })
})

needs('redis-server')('a shared store behind TLS and a password', () => {
  const fixture = (name: string): string =>
    fileURLToPath(new URL(`../../packages/ai-lib/src/transport/fixtures/${name}`, import.meta.url))
  let server: ValkeyServer
  let url = ''
  beforeAll(async () => {
    const port = await freePort()
    const tls = ['--tls-cert-file', fixture('localhost.pem'), '--tls-key-file', fixture('localhost.key')]
    const ca = ['--tls-ca-cert-file', fixture('ca.pem'), '--tls-auth-clients', 'no']
    server = await startValkey('--tls-port', String(port), ...tls, ...ca, '--requirepass', 'pw-canary-0123456789')
    url = `rediss://:pw-canary-0123456789@localhost:${port}`
  })
  afterAll(() => server.stop())

  const startWith = (env: Readonly<Record<string, string>>): Promise<Simulated> =>
    startSimulated({ yaml: 'stores: { shared: env:SHARED }\ncache: { enabled: true }', env: { SHARED: url, ...env } })

  it('whose authority is trusted is used', async () => {
    const simulated = await startWith({ NODE_EXTRA_CA_CERTS: fixture('ca.pem') })
    try {
      await back(simulated, 'through TLS')
    } finally {
      await simulated.stop()
    }
  })

  it('whose authority is not is away, and nothing that is said of it holds the password', async () => {
    const simulated = await startWith({})
    try {
      await tenAnswered(simulated, 'untrusted')
      await eventually(() => linesAbout(simulated, 'the shared store is away') === 1, 'a line')
      expect(simulated.service.output()).toMatch(/certificate/i)
      expect(simulated.service.output()).not.toContain('pw-canary')
    } finally {
      await simulated.stop()
    }
  })
})

async function keysOf(server: ValkeyServer): Promise<readonly string[]> {
  return (await server.command('KEYS', '*')).split('\r\n').filter((line) => line.includes(':cache:'))
}

/** Servers that speak the protocol badly, or say no to everything. */
describe('a shared store that is none', () => {
  const replies = {
    'F19 loads its data': () => '-LOADING Redis is loading the dataset in memory\r\n',
    'F19 has moved': () => '-MOVED 3999 127.0.0.1:6381\r\n',
    'speaks HTTP': () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
    'says nothing': () => '',
    'hangs up': (socket: Socket) => void socket.destroy(),
    'answers with the wrong type': (_: Socket, text: string) => (/ping/i.test(text) ? '+PONG\r\n' : '*1\r\n:1\r\n'),
    'answers half': (_: Socket, text: string) => (/ping/i.test(text) ? '+PONG\r\n' : '$100\r\nhalf'),
  } as const

  it.each(Object.entries(replies))('%s', async (_, reply) => {
    const server = await badServer(reply)
    const simulated = await cached(server.url)
    try {
      await tenAnswered(simulated, 'asked')
      expect(simulated.service.output()).not.toContain('"an exchange broke"')
    } finally {
      await simulated.stop()
      server.close()
    }
  })
})

async function badServer(
  reply: (socket: Socket, text: string) => string | undefined,
): Promise<{ readonly url: string; close(): void }> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      const text = reply(socket, chunk.toString('latin1'))
      if (text) socket.write(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
