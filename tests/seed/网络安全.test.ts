// Network security: with a proxy configured nothing goes around it, for every provider and every way to call, in library and service.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AiClient, AiError, type ConnectionOptions, LoadBalancingStrategy, Message, ModelArray, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../faults/asking.ts'
import { type ConnectProxy, startConnectProxy } from '../kit/connect-proxy.ts'
import { type RunningService, startService } from '../kit/service.ts'

const credentials = 'corp-user:p@ss:w%rd/ä'
const providers: readonly Provider[] = Object.values(Provider)
const key = 'sk-network-canary-0123456789'
const certificates = new URL('../../packages/ai-lib/src/transport/fixtures/', import.meta.url)
const pem = (name: string): string => readFileSync(new URL(name, certificates), 'utf8')

/** Only the proxy knows where these lead, so that whoever goes around it gets nowhere. */
let upstream: Simulator
let secure: Simulator
let proxy: ConnectProxy
const kept = { ...process.env }

beforeAll(async () => {
  upstream = await startSimulator()
  secure = await startSimulator({ tls: { key: pem('other.key'), cert: pem('other.pem') } })
  proxy = await startConnectProxy({
    credentials,
    routes: { 'upstream.test:80': `127.0.0.1:${upstream.port}`, 'other.example:443': `127.0.0.1:${secure.port}` },
  })
})
afterAll(async () => {
  for (const one of [proxy, upstream, secure]) await one.close()
})
beforeEach(() => {
  proxy.forget()
  upstream.setDefault(undefined)
})
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  Object.assign(process.env, kept)
})

/** What the proxy may see: tunnels to the two upstreams, its own credentials, and no word of what is inside. */
function expectOnlyTunnels(): void {
  expect(proxy.seen.length).toBeGreaterThan(0)
  for (const { method, target, headers, outcome } of proxy.seen) {
    expect({ method, outcome }).toEqual({ method: 'CONNECT', outcome: 'tunnelled' })
    expect(['upstream.test:80', 'other.example:443']).toContain(target)
    expect(Object.keys(headers).toSorted()).toEqual(['host', 'proxy-authorization'])
  }
  for (const { headers } of upstream.requests) expect(headers).not.toHaveProperty('proxy-authorization')
}

/** Every connection that reached an upstream came out of a tunnel. */
async function counted(work: () => Promise<void>): Promise<void> {
  const before = upstream.totalConnections() + secure.totalConnections()
  await work()
  expect(upstream.totalConnections() + secure.totalConnections() - before).toBe(proxy.tunnels())
  expectOnlyTunnels()
}

const ping = { model: 'echo', messages: [Message.user('ping')] }

function codeOf(thrown: unknown): unknown {
  return thrown instanceof AiError ? thrown.code : thrown
}

async function textOfStream(client: AiClient): Promise<string> {
  let text = ''
  for await (const event of client.chatCompletionStream(ping)) if (event.type === 'part-delta') text += event.text
  return text
}

describe('the library, with ConnectionOptions.proxy', () => {
  const options = (): ConnectionOptions => ({
    proxy: proxy.urlWithCredentials,
    disableProxy: false,
    apiKey: key,
    baseUrl: 'http://upstream.test/v1',
  })

  test.each(providers)(
    '%s: whole answers, streams, retries, refusals, batches, health checks and lists of models go through the tunnel',
    async (provider) => {
      await counted(async () => {
        const client = new AiClient(provider, options())
        expect((await client.chatCompletion(ping)).firstText()).toBe('ping')
        expect(await textOfStream(client)).toBe('ping')
        upstream.enqueue({ kind: 'status', status: 500 }, { kind: 'reset', at: 'head' })
        expect((await client.chatCompletion(ping)).firstText()).toBe('ping')
        upstream.enqueue({ kind: 'status', status: 400 })
        await expect(client.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_rejected_request' })
        expect(await client.listModels()).toContain('echo')
        expect((await client.healthCheck({ model: 'echo' })).healthy).toBe(true)
        // Not every provider has embeddings; what has them goes the same way.
        const embedded = await client.embed({ model: 'embed', input: ['ping'] }).catch(codeOf)
        expect(embedded).toSatisfy((told) => told === 'service_not_available' || typeof told === 'object')
        const batch = await client.chatCompletionBatch([ping, ping], { concurrency: 2 })
        expect(batch.map(({ kind }) => kind)).toEqual(['answered', 'answered'])
        await client.close()
      })
    },
  )

  test('failover hops keep the proxy', async () => {
    await counted(async () => {
      const hops = providers.slice(0, 3).map((provider) => ({ ...options(), provider, model: 'echo' }))
      const client = AiClient.withFailover(hops)
      upstream.enqueue({ kind: 'status', status: 500 }, { kind: 'status', status: 503 })
      expect((await client.chatCompletion(ping)).provider).toBe(hops[2]?.provider)
      upstream.enqueue({ kind: 'reset', at: 'head' }, { kind: 'status', status: 429 })
      expect(await textOfStream(client)).toBe('ping')
      await client.close()
    })
  })

  test('every endpoint of a model array keeps the proxy', async () => {
    await counted(async () => {
      const array = new ModelArray('production', { strategy: LoadBalancingStrategy.RoundRobin })
      for (const name of ['east', 'west']) array.addEndpoint({ name, url: `http://upstream.test/${name}/v1` })
      const { baseUrl: _, ...rest } = options()
      const client = AiClient.withModelArray(Provider.OpenAI, array, rest)
      for (let round = 0; round < 4; round++) await client.chatCompletion(ping)
      expect(await textOfStream(client)).toBe('ping')
      await client.close()
      const asked = new Set(upstream.requests.slice(-5).map(({ path }) => path))
      expect([...asked].toSorted()).toEqual(['/east/v1/chat/completions', '/west/v1/chat/completions'])
    })
  })

  test('an https upstream is verified end to end through the tunnel, against certificates of one’s own', async () => {
    await counted(async () => {
      const baseUrl = 'https://other.example/v1'
      const trusting = new AiClient(Provider.OpenAI, { ...options(), baseUrl, ca: [pem('ca.pem')] })
      expect((await trusting.chatCompletion(ping)).firstText()).toBe('ping')
      const strict = new AiClient(Provider.OpenAI, { ...options(), baseUrl, maxRetries: 0 })
      await expect(strict.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_unreachable' })
      for (const client of [trusting, strict]) await client.close()
    })
  })

  test('disableProxy goes directly, whatever the environment says', async () => {
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = proxy.urlWithCredentials
    const client = new AiClient(Provider.OpenAI, { apiKey: key, baseUrl: `${upstream.url}/v1`, disableProxy: true })
    expect((await client.chatCompletion(ping)).firstText()).toBe('ping')
    await client.close()
    expect(proxy.seen).toEqual([])
  })

  test.each([
    ['', true],
    ['127.0.0.1', false],
    ['127.0.0.0/8', false],
    ['10.0.0.0/8', true],
    ['*', false],
    ['.example.com', true],
    ['example.com, 127.0.0.1:{port}', false],
    ['127.0.0.1:1', true],
  ])('NO_PROXY=%s: through the proxy is %s', async (list, isProxied) => {
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = proxy.urlWithCredentials
    process.env['NO_PROXY'] = process.env['no_proxy'] = list.replace('{port}', String(upstream.port))
    const client = new AiClient(Provider.OpenAI, { apiKey: key, baseUrl: `${upstream.url}/v1` })
    expect((await client.chatCompletion(ping)).firstText()).toBe('ping')
    await client.close()
    expect(proxy.seen.map(({ target }) => target)).toEqual(isProxied ? [`127.0.0.1:${upstream.port}`] : [])
  })

  test.each(['socks5://u:hunter2@proxy:1080', 'ftp://u:hunter2@proxy', 'http://', 'no url at all'])(
    'the proxy %j is refused at once, and not repeated',
    (bad) => {
      let thrown: unknown
      try {
        void new AiClient(Provider.OpenAI, { ...options(), proxy: bad })
      } catch (error) {
        thrown = error
      }
      expect(thrown).toMatchObject({ code: 'config_invalid' })
      expect(String(thrown)).not.toContain('hunter2')
    },
  )
})

describe('the service', () => {
  let service: RunningService
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'network-'))
    const recorder = new URL('../security/egress-recorder.ts', import.meta.url).href
    const shared = `private: true, keys: [ { secret: env:KEY } ], proxy: env:PROXY_URL`
    const entries = providers.map((name) => `  ${name}: { baseUrl: "http://upstream.test/v1", ${shared} }`)
    service = await startService({
      yaml: `
providers:
${entries.join('\n')}
  tls: { kind: openai-compatible, baseUrl: "https://other.example/v1", ca: ${new URL('ca.pem', certificates).pathname}, ${shared} }
models:
  chain:
    endpoints: [ { name: a, provider: openai, url: "http://upstream.test/a/v1", model: echo } ]
    fallbacks: [ anthropic/echo, mistral/echo ]
`,
      env: {
        KEY: key,
        PROXY_URL: proxy.urlWithCredentials,
        NODE_OPTIONS: `--import ${recorder}`,
        EGRESS_FILE: join(folder, 'contacted'),
      },
    })
  })
  afterAll(async () => {
    await service.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function ask(path: string, body: Record<string, unknown>): Promise<{ status: number; text: string }> {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    })
    return { status: response.status, text: await response.text() }
  }

  const messages = [{ role: 'user', content: 'ping' }]

  test.each(providers)('%s: chat, messages, streams, retries, embeddings and token counts', async (provider) => {
    const model = `${provider}/echo`
    await counted(async () => {
      for (const path of ['/v1/chat/completions', '/v1/messages']) {
        expect(await ask(path, { model, messages, max_tokens: 64 })).toMatchObject({ status: 200 })
        const streamed = await ask(path, { model, messages, max_tokens: 64, stream: true })
        expect(streamed.text).toMatch(/\[DONE\]|message_stop/)
      }
      upstream.enqueue({ kind: 'status', status: 502 }, { kind: 'reset', at: 'head' })
      expect(await ask('/v1/chat/completions', { model, messages })).toMatchObject({ status: 200 })
      // Not every provider has these; what has them goes the same way.
      await ask('/v1/embeddings', { model: `${provider}/embed`, input: 'ping' })
      await ask('/v1/messages/count_tokens', { model, messages })
      await ask('/v1/completions', { model, prompt: 'ping' })
      await ask('/v1/responses', { model, input: 'ping' })
    })
  })

  test('endpoints and fallbacks, streamed and whole', async () => {
    await counted(async () => {
      for (const stream of [false, true]) {
        upstream.enqueue({ kind: 'status', status: 500 }, { kind: 'status', status: 529 })
        expect(await ask('/v1/chat/completions', { model: 'chain', messages, stream })).toMatchObject({ status: 200 })
      }
    })
  })

  test('an https upstream with a certificate authority of one’s own', async () => {
    await counted(async () => {
      expect(await ask('/v1/chat/completions', { model: 'tls/echo', messages })).toMatchObject({ status: 200 })
    })
  })

  test('it has contacted nothing but the proxy, and looked up nothing', () => {
    const contacted = new Set(readFileSync(join(folder, 'contacted'), 'utf8').split('\n').filter(Boolean))
    expect([...contacted].filter((line) => line !== 'lookup 127.0.0.1')).toEqual([`connect 127.0.0.1:${proxy.port}`])
  })

  test('neither the log nor the metrics know the proxy’s password', async () => {
    const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text()
    for (const secret of ['p@ss', encodeURIComponent('p@ss:w%rd/ä'), Buffer.from(credentials).toString('base64'), key])
      expect(`${service.output()}${metrics}`).not.toContain(secret)
  })
})

describe('the service, with proxies of the environment', () => {
  test.each([
    ['HTTP_PROXY', {}, true],
    ['HTTP_PROXY and NO_PROXY', { NO_PROXY: '127.0.0.1' }, false],
    [
      'AI_PROXY_URL, which NO_PROXY does not exempt from',
      { HTTP_PROXY: '', NO_PROXY: '*', AI_PROXY_URL: 'proxy' },
      true,
    ],
  ])('%s', async (_title, env, isProxied) => {
    const given: Record<string, string> = { HTTP_PROXY: proxy.urlWithCredentials, OPENAI_API_KEY: key, ...env }
    if (given['AI_PROXY_URL'] !== undefined) given['AI_PROXY_URL'] = proxy.urlWithCredentials
    const yaml = `providers: { openai: { baseUrl: "${upstream.url}/v1", private: true } }`
    const service = await startService({ yaml, env: given })
    const response = await fetch(`${service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/echo', messages: [{ role: 'user', content: 'ping' }] }),
    })
    await service.stop()
    expect(response.status).toBe(200)
    expect(proxy.tunnels()).toBe(isProxied ? 1 : 0)
  })
})

describe('the service, asking in the background', () => {
  test('probes of endpoints go through the proxy, lists of models and chats alike', async () => {
    const common = 'private: true, keys: [ { secret: env:KEY } ], proxy: env:PROXY_URL'
    const before = upstream.totalConnections()
    const asked = upstream.requests.length
    const service = await startService({
      yaml: `
providers:
  openai: { baseUrl: "http://upstream.test/v1", ${common} }
  anthropic: { baseUrl: "http://upstream.test", ${common} }
models:
  listed: { endpoints: [ { provider: openai, model: echo } ], health: { interval: 1s, probe: models } }
  chatted: { endpoints: [ { provider: anthropic, model: echo } ], health: { interval: 1s, probe: chat } }
`,
      env: { KEY: key, PROXY_URL: proxy.urlWithCredentials },
    })
    const paths = (): string[] => upstream.requests.slice(asked).map(({ path }) => path.split('?', 1)[0] ?? '')
    await eventually(() => new Set(paths()).size >= 2 && paths().length >= 4, 'both are probed, more than once')
    await service.stop()
    expect(new Set(paths())).toEqual(new Set(['/v1/models', '/v1/messages']))
    expect(upstream.totalConnections() - before).toBe(proxy.tunnels())
    expectOnlyTunnels()
  })
})

describe('what else the service calls', () => {
  test('the webhook of key rotation goes through the environment’s proxy', async () => {
    upstream.setDefault({ kind: 'status', status: 401 })
    const service = await startService({
      yaml: `
providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, disableProxy: true, keys: [ { secret: env:KEY } ] } }
secrets: { webhook: { url: "http://upstream.test/hook", secret: env:HOOK } }
`,
      env: { KEY: key, HOOK: 'hook-secret-0123456789', HTTP_PROXY: proxy.urlWithCredentials },
    })
    await fetch(`${service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/echo', messages: [{ role: 'user', content: 'ping' }] }),
    })
    await eventually(() => upstream.requests.some(({ path }) => path === '/hook'), 'the event arrives')
    await service.stop()
    expectOnlyTunnels()
  })
})
