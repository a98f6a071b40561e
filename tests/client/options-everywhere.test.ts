// Every connection option works for every provider, alone and in a failover list: seen from the other side of the wire.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { AiClient, AiError, type ConnectionOptions, Message, type Metrics, Provider, Secret } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const providers = Object.values(Provider)
const ping = { model: 'echo', messages: [Message.user('ping')] }
const kept = { ...process.env }
let upstream: Simulator
let secure: Simulator
let proxy: ConnectProxy
const clients: AiClient[] = []
const certificates = new URL('../../packages/ai-lib/src/transport/fixtures/', import.meta.url)

interface ConnectProxy {
  readonly url: string
  readonly asked: IncomingMessage[]
  close(): void
}

async function startProxy(): Promise<ConnectProxy> {
  const asked: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((_request, response) => response.writeHead(418).end())
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request)
    const [host = '', port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    for (const one of [socket, target]) {
      sockets.add(one)
      one.on('error', () => undefined)
    }
    target.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    socket.pipe(target).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close }
}

beforeAll(async () => {
  upstream = await startSimulator({ record: 2_000 })
  const read = (name: string): string => readFileSync(new URL(name, certificates), 'utf8')
  secure = await startSimulator({ tls: { key: read('localhost.key'), cert: read('localhost.pem') } })
  proxy = await startProxy()
})
afterAll(async () => {
  proxy.close()
  await upstream.close()
  await secure.close()
})
beforeEach(() => {
  proxy.asked.length = 0
})
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  Object.assign(process.env, kept)
  upstream.setDefault(undefined)
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

/** A client of this provider alone, or one that comes to it after a first one that cannot be reached. */
function open(provider: Provider, shape: Shape, options: ConnectionOptions = {}): AiClient {
  const reached = { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-options-test', ...options }
  const { maxRetries, metrics, ...own } = reached
  const before = {
    provider: provider === Provider.Groq ? Provider.Mistral : Provider.Groq,
    apiKey: 'sk-nobody',
    baseUrl: 'http://127.0.0.1:1/v1',
  }
  const client =
    shape === 'alone'
      ? new AiClient(provider, reached)
      : AiClient.withFailover([before, { provider, model: 'echo', ...own }], { maxRetries, metrics })
  clients.push(client)
  return client
}

type Shape = 'alone' | 'in a failover list'
const cases = providers.flatMap((provider) => [[provider, 'alone'] as const, [provider, 'in a failover list'] as const])
const last = () => upstream.requests.at(-1)
async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'answered',
    (error: unknown) => (error instanceof AiError ? error.code : String(error)),
  )
}

describe.each(cases)('%s %s', (provider, shape) => {
  test('baseUrl, apiKey as text and as Secret, headers', async () => {
    const headers = { 'X-Team': 'search' }
    for (const apiKey of ['sk-as-text', new Secret('sk-as-secret')]) {
      const answer = await open(provider, shape, { apiKey, headers }).chatCompletion(ping)
      expect(answer).toMatchObject({ provider })
      expect(answer.firstText()).toBe('ping')
      const revealed = typeof apiKey === 'string' ? apiKey : apiKey.reveal()
      const { authorization, 'x-api-key': xApiKey, 'api-key': key } = last()?.headers ?? {}
      expect([authorization, xApiKey, key].join()).toContain(revealed)
      expect(last()?.headers).toMatchObject({ 'x-team': 'search' })
    }
  })

  test('proxy with credentials, for answers, streams and lists; disableProxy goes around it', async () => {
    const through = proxy.url.replace('//', '//user:pass@')
    const client = open(provider, shape, { proxy: through })
    await client.chatCompletion(ping)
    for await (const _event of client.chatCompletionStream(ping)) continue
    if (shape === 'alone') expect(await client.listModels()).toContain('echo')
    expect(proxy.asked.length).toBeGreaterThan(0)
    const credentials = `Basic ${Buffer.from('user:pass').toString('base64')}`
    for (const asked of proxy.asked) expect(asked.headers['proxy-authorization']).toBe(credentials)
    proxy.asked.length = 0
    await open(provider, shape, { proxy: through, disableProxy: true }).chatCompletion(ping)
    expect(proxy.asked).toEqual([])
  })

  test('ca decides whether a certificate is trusted', async () => {
    const baseUrl = `${secure.url.replace('127.0.0.1', 'localhost')}/v1`
    const ca = [readFileSync(new URL('ca.pem', certificates), 'utf8')]
    expect((await open(provider, shape, { baseUrl, ca }).chatCompletion(ping)).firstText()).toBe('ping')
    expect(await codeOf(open(provider, shape, { baseUrl, maxRetries: 1 }).chatCompletion(ping))).toBe(
      'provider_unreachable',
    )
  })

  test('timeoutMs', async () => {
    upstream.setDefault({ kind: 'delay', ms: 60_000 })
    const client = open(provider, shape, { timeoutMs: 60, maxRetries: 1 })
    expect(await codeOf(client.chatCompletion(ping))).toBe('provider_timeout_total')
  })

  test('poolSize and idleTimeoutMs', async () => {
    // One of its own, so that no socket of another test is counted.
    const counted = await startSimulator({ record: false })
    counted.setDefault({ kind: 'answer', text: 'pong', firstByteMs: 10 })
    const baseUrl = `${counted.url}/v1`
    await open(provider, shape, { baseUrl, poolSize: 2 }).chatCompletionBatch(Array.from({ length: 6 }, () => ping))
    expect(counted.totalConnections()).toBe(2)
    await open(provider, shape, { baseUrl, idleTimeoutMs: 20 }).chatCompletion(ping)
    expect(counted.totalConnections()).toBe(3)
    while (counted.openSockets() > 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await counted.close()
  })

  test('maxRetries', async () => {
    upstream.setDefault({ kind: 'status', status: 500, headers: { 'retry-after-ms': '1' } })
    const before = upstream.requests.length
    expect(await codeOf(open(provider, shape, { maxRetries: 1 }).chatCompletion(ping))).toBe('provider_failed')
    // The first hop of the list has had one of the two.
    expect(upstream.requests.length - before).toBe(shape === 'alone' ? 2 : 1)
  })

  test('allowPrivate: false refuses loopback', async () => {
    const before = upstream.totalConnections()
    expect(await codeOf(open(provider, shape, { allowPrivate: false, maxRetries: 1 }).chatCompletion(ping))).toBe(
      'provider_unreachable',
    )
    expect(upstream.totalConnections()).toBe(before)
  })

  test('metrics', async () => {
    const told: string[] = []
    const metrics: Partial<Metrics> = {
      incrCounter: (name, _value, tags) => void told.push(`${name} ${tags?.['provider']} ${tags?.['outcome']}`),
    }
    await open(provider, shape, { metrics }).chatCompletion(ping)
    expect(told).toContain(`ai_requests_total ${provider} completed`)
    expect(told).toContain(`ai_attempts_total ${provider} answered`)
  })

  test('the general variables of the environment, where nothing else says it', async () => {
    for (const name of Object.keys(process.env))
      if (/_API_KEY$|_BASE_URL$|_ENDPOINT$/.test(name)) delete process.env[name]
    process.env['AI_API_KEY'] = 'sk-general'
    process.env['AI_BASE_URL'] = `${upstream.url}/v1`
    process.env['AI_PROXY_URL'] = proxy.url
    process.env['AI_HTTP_POOL_MAX_IDLE_PER_HOST'] = '1'
    const client = open(provider, shape, { apiKey: undefined, baseUrl: undefined })
    await client.chatCompletionBatch([ping, ping, ping])
    expect(proxy.asked.filter(({ url }) => url?.endsWith(`:${upstream.port}`))).toHaveLength(1)
    expect(JSON.stringify(last()?.headers)).toContain('sk-general')
    process.env['AI_TIMEOUT_SECS'] = '1'
    upstream.setDefault({ kind: 'delay', ms: 60_000 })
    // An option wins over the environment.
    const slow = open(provider, shape, { timeoutMs: 50, disableProxy: true, maxRetries: 1 })
    expect(await codeOf(slow.chatCompletion(ping))).toBe('provider_timeout_total')
  })
})
