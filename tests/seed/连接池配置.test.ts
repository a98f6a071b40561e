// Connection pools: poolSize and idleTimeout change what the wire shows, and who waits for a connection waits in turn, within bounds.
import { AiClient, AiError, type ConnectionOptions, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf, paths, post, type Told } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { type CallerId, type Callers, createCallers } from '../security/callers.ts'

const providers: readonly Provider[] = Object.values(Provider)
const ping = { model: 'echo', messages: [Message.user('ping')] }

let upstream: Simulator
beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(() => upstream.close())

function open(provider: Provider, options: ConnectionOptions): AiClient {
  return new AiClient(provider, { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-pool', maxRetries: 0, ...options })
}

function times<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

async function readAll(client: AiClient): Promise<string> {
  let text = ''
  for await (const event of client.chatCompletionStream(ping)) if (event.type === 'part-delta') text += event.text
  return text
}

function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function refusalOf(work: Promise<unknown>): Promise<AiError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof AiError)) throw new Error(`No AiError: ${String(thrown)}`)
  return thrown
}

describe('the library', () => {
  test.each(providers)(
    '%s: as many sockets as poolSize says, used again, gone after idleTimeoutMs',
    async (provider) => {
      upstream.setDefault({ kind: 'answer', firstByteMs: 15 })
      const client = open(provider, { poolSize: 3, idleTimeoutMs: 300 })
      await Promise.all(times(7, () => client.chatCompletion(ping)))
      await Promise.all(times(5, () => readAll(client)))
      expect([upstream.requests.length, upstream.totalConnections(), upstream.openSockets()]).toEqual([12, 3, 3])
      await eventually(() => upstream.openSockets() === 0, 'idle sockets are closed')
      await client.chatCompletion(ping)
      expect(upstream.totalConnections()).toBe(4)
      await client.close()
    },
  )

  test('the seed’s own numbers: 32 sockets, which stay for a minute', async () => {
    upstream.setDefault({ kind: 'answer', firstByteMs: 40 })
    const client = open(Provider.OpenAI, { poolSize: 32, idleTimeoutMs: 60_000 })
    await Promise.all(times(100, () => client.chatCompletion(ping)))
    expect(upstream.totalConnections()).toBe(32)
    await pauseMs(1_500)
    expect(upstream.openSockets()).toBe(32)
    await client.close()
    await eventually(() => upstream.openSockets() === 0, 'a closed client lets go')
  })

  test('each client has a pool of its own, each provider of a failover list too', async () => {
    upstream.setDefault({ kind: 'answer', firstByteMs: 15 })
    const clients = [open(Provider.OpenAI, { poolSize: 1 }), open(Provider.OpenAI, { poolSize: 2 })]
    await Promise.all(clients.flatMap((client) => times(6, () => client.chatCompletion(ping))))
    expect(upstream.totalConnections()).toBe(3)
    for (const client of clients) await client.close()
  })

  test('who waits is bounded in number and time, and the error says which bound it met', async () => {
    upstream.setDefault({ kind: 'delay', ms: 400 })
    const client = open(Provider.OpenAI, { poolSize: 1, maxQueued: 1, queueTimeoutMs: 60 })
    const first = client.chatCompletion(ping)
    const waiting = refusalOf(client.chatCompletion(ping))
    const full = await refusalOf(client.chatCompletion(ping))
    expect([full.code, full.message]).toEqual(['service_queue_full', expect.stringContaining('1 wait for one already')])
    expect(full.retryAfterMs).toBeGreaterThan(0)
    expect((await waiting).message).toContain('None came free within 60 ms')
    expect((await first).firstText()).toBe('ping')
    expect(upstream.requests).toHaveLength(1)
    await client.close()
  })

  test('leaving the queue leaves nothing behind', async () => {
    upstream.setDefault({ kind: 'answer', firstByteMs: 50 })
    const client = open(Provider.OpenAI, { poolSize: 1, maxQueued: 1 })
    const first = client.chatCompletion(ping)
    const leaving = new AbortController()
    const left = refusalOf(client.chatCompletion(ping, { signal: leaving.signal }))
    leaving.abort()
    expect((await left).code).toBe('caller_left')
    await Promise.all([first, client.chatCompletion(ping)])
    expect(upstream.requests).toHaveLength(2)
    await client.close()
  })

  test.each(providers)('T10 %s: with keepAlive: false each request has a connection of its own', async (provider) => {
    const client = open(provider, { keepAlive: false })
    for (const _ of times(3, () => 0)) await client.chatCompletion(ping)
    await readAll(client)
    expect([upstream.totalConnections(), upstream.requests.length]).toEqual([4, 4])
    await client.close()
  })

  test('T10 an upstream that answers twice spoils no answer of 200 with keepAlive: false', async () => {
    upstream.setDefault({ kind: 'unsolicited', text: 'poison' })
    const client = open(Provider.OpenAI, { keepAlive: false, poolSize: 8 })
    const told = await Promise.all(
      times(200, async (index) => {
        const text = `canary ${index}`
        const answer = await client.chatCompletion({ model: 'echo', messages: [Message.user(text)] })
        return answer.firstText() === text ? 'right' : answer.firstText()
      }),
    )
    expect(told.filter((text) => text !== 'right')).toEqual([])
    await client.close()
  })
})

describe('the service', () => {
  let service: RunningService | undefined
  afterEach(async () => {
    await service?.stop()
    service = undefined
  })

  async function start(provider: string, setup: { server?: string; yaml?: string; env?: Record<string, string> } = {}) {
    const { server = '', yaml = '', env = {} } = setup
    const entry = `private: true, keys: [ { secret: env:KEY } ]${provider === '' ? '' : `, ${provider}`}`
    service = await startService({
      server,
      yaml: `providers:\n  openai: { baseUrl: "${upstream.url}/v1", ${entry} }\n${yaml}`,
      env: { KEY: 'sk-pool-0123456789', ...env },
    })
    return service
  }

  test.each([
    ['poolSize of a provider', 'poolSize: 2', {}, 2],
    ['server.poolSize', '', { server: '  poolSize: 3' }, 3],
    ['the provider’s wins over the server’s', 'poolSize: 2', { server: '  poolSize: 5' }, 2],
    ['pool_size, as Helm values have it', '', { yaml: 'pool_size: 4' }, 4],
    ['AI_HTTP_POOL_MAX_IDLE_PER_HOST', '', { env: { AI_HTTP_POOL_MAX_IDLE_PER_HOST: '3' } }, 3],
    ['the file wins over the environment', 'poolSize: 2', { env: { AI_HTTP_POOL_MAX_IDLE_PER_HOST: '9' } }, 2],
  ])('%s bounds its sockets', async (_title, provider, setup, sockets) => {
    upstream.setDefault({ kind: 'answer', firstByteMs: 30 })
    const { url } = await start(provider, setup)
    const answers = await Promise.all(times(12, () => post(url, paths.openai, chatBody('openai/echo'))))
    expect(answers.map(({ status }) => status)).toEqual(times(12, () => 200))
    expect(upstream.totalConnections()).toBe(sockets)
  })

  test.each([
    ['idleTimeout', 'idleTimeout: 2s', {}],
    ['AI_HTTP_POOL_IDLE_TIMEOUT_MS', '', { env: { AI_HTTP_POOL_IDLE_TIMEOUT_MS: '2000' } }],
  ])('%s closes unused sockets', async (_title, provider, setup) => {
    const { url } = await start(provider, setup)
    for (const _ of times(3, () => 0)) await post(url, paths.openai, chatBody('openai/echo'))
    expect([upstream.totalConnections(), upstream.openSockets()]).toEqual([1, 1])
    await eventually(() => upstream.openSockets() === 0, 'the idle socket is closed')
  })

  test('without it they stay', async () => {
    const { url } = await start('')
    await post(url, paths.openai, chatBody('openai/echo'))
    await pauseMs(1_500)
    await post(url, paths.openai, chatBody('openai/echo'))
    expect([upstream.totalConnections(), upstream.openSockets()]).toEqual([1, 1])
  })

  test('the queue is bounded, has a time limit of its own, and its depth is a metric', async () => {
    upstream.setDefault({ kind: 'delay', ms: 1_500 })
    const { url } = await start('poolSize: 1, queue: { max: 2, timeout: 700ms }')
    const running = service as RunningService
    const asked = times(3, () => post(url, paths.openai, chatBody('openai/echo')))
    await eventually(
      async () => (await metricsOf(running)).includes('ai_queue_depth{queue="upstream:openai"} 2'),
      'two',
    )
    const full = await post(url, paths.openai, chatBody('openai/echo'))
    expect([full.status, full.error.code]).toEqual([503, 'service_queue_full'])
    expect(full.error.message).toContain('2 wait for one already, which is the limit.')
    expect(full.headers.get('retry-after')).toBe('1')
    const answers = await Promise.all(asked)
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '503', '503'])
    expect(answers.find(({ status }) => status === 503)?.error.message).toContain('None came free within 700 ms.')
    expect(await metricsOf(running)).toContain('ai_queue_depth{queue="upstream:openai"} 0')
  })

  test('T10 an upstream that answers twice spoils no answer of 200 with keepAlive: false', async () => {
    upstream.setDefault({ kind: 'unsolicited', text: 'poison' })
    const { url } = await start('keepAlive: false, poolSize: 8')
    const wrong: string[] = []
    await Promise.all(
      times(8, async (lane) => {
        for (const round of times(25, (index) => index)) {
          const canary = `canary-${lane}-${round}`
          const answer = await post(url, paths.openai, chatBody('openai/echo', canary))
          if (!answer.text.includes(`"${canary}"`)) wrong.push(answer.text)
        }
      }),
    )
    expect(wrong).toEqual([])
    expect(upstream.totalConnections()).toBe(200)
  })
})

describe('callers who share a provider', () => {
  let callers: Callers
  let service: RunningService
  beforeAll(async () => {
    callers = await createCallers()
  }, 60_000)
  afterAll(() => callers.stop())
  afterEach(() => service.stop())

  async function start(queue: string): Promise<void> {
    const entry = 'private: true, keys: [ { secret: env:KEY } ]'
    service = await startService({
      env: { KEY: 'sk-pool-0123456789' },
      yaml: `
providers:
  openai: { baseUrl: "${upstream.url}/v1", ${entry}, ${queue} }
  other: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", ${entry} }
auth:
  mode: keys
  keys: [ { id: one, hash: "${callers.hash('one')}" }, { id: two, hash: "${callers.hash('two')}" } ]
`,
    })
  }

  const ask = (id: CallerId, text: string, model = 'openai/echo'): Promise<Told> =>
    post(service.url, paths.openai, chatBody(model, text), callers.bearer(id))

  const order = (): string[] => upstream.requests.map(({ body }) => /"(one|two)-\d+"/.exec(body.toString())?.[1] ?? '')

  test('B12 one behind a burst of another waits for an answer or two, not for the burst', async () => {
    await start('poolSize: 1, queue: { timeout: 20s }')
    upstream.setDefault({ kind: 'answer', firstByteMs: 60 })
    const burst = times(20, (index) => ask('one', `one-${index}`))
    await eventually(
      async () => /ai_queue_depth\{queue="upstream:openai"\} 1[5-9]/.test(await metricsOf(service)),
      'the burst waits',
    )
    const others = times(3, (index) => ask('two', `two-${index}`))
    const answers = await Promise.all([...burst, ...others])
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const served = order()
    const first = served.indexOf('two')
    // Alternating from then on: two, one, two, one, two.
    expect(served.slice(first, first + 5)).toEqual(['two', 'one', 'two', 'one', 'two'])
    expect(first).toBeLessThan(12)
  })

  test('B12 with callerShare one caller cannot hold all connections to a slow upstream', async () => {
    await start('poolSize: 4, queue: { callerShare: 0.5, max: 8, timeout: 20s }')
    upstream.setDefault({ kind: 'delay', ms: 1_000 })
    const slow = times(7, (index) => ask('one', `one-${index}`))
    await eventually(() => upstream.requests.length >= 2, 'the slow ones are under way')
    const refused = (await Promise.race(slow)).error.message
    expect(refused).toContain('This caller has 4 waiting for one already, which is its share.')
    upstream.setDefault({ kind: 'answer' })
    // Both sockets that are left to it answer at once, though the other caller's answers are still awaited.
    const quick = await Promise.all(times(6, (index) => ask('two', `two-${index}`)))
    expect(quick.every(({ status }) => status === 200)).toBe(true)
    expect(upstream.requests.filter(({ body }) => body.toString().includes('"one-')).length).toBe(2)
    await Promise.all(slow)
  })

  test('B12 a slow provider holds up nobody who asks another', async () => {
    await start('poolSize: 1, queue: { max: 50, timeout: 20s }')
    upstream.setDefault({ kind: 'delay', ms: 700 })
    const slow = times(2, (index) => ask('one', `one-${index}`))
    await eventually(() => upstream.requests.length === 1, 'the slow one is under way')
    upstream.setDefault({ kind: 'answer' })
    expect((await ask('two', 'two-0', 'other/echo')).status).toBe(200)
    expect(order()).toEqual(['one', 'two'])
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200])
  })
})
