// No request can make the service contact a host that the configuration does not name.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, isRecord, post } from '../faults/asking.ts'
import { startService } from '../kit/service.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

/** What gateways, SDKs and proxies have called the place a request goes to. */
const names = [
  'api_base',
  'apiBase',
  'base_url',
  'baseUrl',
  'baseURL',
  'BASE_URL',
  'host',
  'hostname',
  'Host',
  'url',
  'uri',
  'proxy',
  'proxy_url',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'endpoint',
  'endpoint_url',
  'api_endpoint',
  'azure_endpoint',
  'custom_host',
  'customHost',
  'x-portkey-custom-host',
  'x-portkey-config',
  'x-portkey-provider',
  'server',
  'server_url',
  'origin',
  'target',
  'target_url',
  'upstream',
  'upstream_url',
  'forward_to',
  'redirect',
  'redirect_uri',
  'callback',
  'callback_url',
  'webhook',
  'webhook_url',
  'success_callback',
  'failure_callback',
  'langfuse_host',
  'model_list',
  'fallbacks',
  'router',
  'aws_bedrock_runtime_endpoint',
  'vertex_api_endpoint',
  'sagemaker_base_url',
  'deployment',
  'region_url',
  'gateway',
  'destination',
  'remote',
  'address',
  'ip',
  'port',
  'scheme',
  'transport',
  'x-forwarded-host',
  'x-forwarded-server',
  'x-original-url',
  'x-rewrite-url',
  'x-ai-endpoint',
  'x-ai-provider',
  'x-ai-base-url',
  'forwarded',
  'x-host',
  'x-http-host-override',
  'x-target-url',
  'helicone-target-url',
  'cf-aig-custom-host',
] as const

let trap: Server
let trapped = 0
let trapPort = 0
let folder = ''
let simulated: Simulated

beforeAll(async () => {
  trap = createServer((socket) => {
    trapped++
    socket.destroy()
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  const address = trap.address()
  trapPort = typeof address === 'object' && address ? address.port : 0
  folder = mkdtempSync(join(tmpdir(), 'egress-'))
  const recorder = new URL('./egress-recorder.ts', import.meta.url).href
  simulated = await startSimulated({
    env: { NODE_OPTIONS: `--import ${recorder}`, EGRESS_FILE: join(folder, 'contacted') },
  })
})
afterAll(async () => {
  await simulated.stop()
  trap.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Places that are not configured: an address, a name that resolves to one, and a name that nothing resolves. */
function places(): readonly string[] {
  return [
    `http://127.0.0.1:${trapPort}/v1`,
    `http://localhost:${trapPort}`,
    'http://trap.invalid/v1',
    `127.0.0.1:${trapPort}`,
  ]
}

function contacted(): ReadonlySet<string> {
  const file = join(folder, 'contacted')
  return new Set(
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [],
  )
}

/** Whatever was sent: only the two configured upstreams were looked up or connected to. */
function expectOnlyConfigured(): void {
  const allowed = [simulated.openai, simulated.anthropic].map(({ port }) => `connect 127.0.0.1:${port}`)
  expect([...contacted()].filter((line) => !allowed.includes(line) && line !== 'lookup 127.0.0.1')).toEqual([])
  expect(trapped).toBe(0)
}

const bodies: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    '/v1/chat/completions',
    {
      model: 'openai/echo',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
      metadata: {},
      extra_body: {},
      stream: false,
    },
  ],
  [
    '/v1/chat/completions',
    { model: 'anthropic/echo', messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }], metadata: {} },
  ],
  [
    '/v1/messages',
    {
      model: 'anthropic/echo',
      max_tokens: 100,
      system: [{ type: 'text', text: 'x' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      tools: [{ name: 'f', input_schema: { type: 'object', properties: {} } }],
      metadata: {},
    },
  ],
  [
    '/v1/messages',
    { model: 'openai/echo', max_tokens: 100, messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
  ],
  [
    '/v1/messages/count_tokens',
    { model: 'anthropic/echo', messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }], metadata: {} },
  ],
  ['/v1/embeddings', { model: 'openai/embed', input: ['x'] }],
  ['/v1/responses', { model: 'openai/echo', input: [{ role: 'user', content: 'x' }], metadata: {} }],
  ['/v1/completions', { model: 'openai/echo', prompt: 'x' }],
]

/** The body once more for each object in it, with the names added to that object. */
function everywhere(body: Record<string, unknown>, added: Record<string, unknown>): Record<string, unknown>[] {
  const variants: Record<string, unknown>[] = []
  const count = countObjects(body)
  for (let at = 0; at < count; at++) {
    let seen = 0
    const visit = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(visit)
      if (!isRecord(value)) return value
      const isMeant = seen++ === at
      const inner = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]))
      return isMeant ? { ...added, ...inner } : inner
    }
    const variant = visit(body)
    if (isRecord(variant)) variants.push(variant)
  }
  return variants
}

function countObjects(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, child) => sum + countObjects(child), 0)
  if (!isRecord(value)) return 0
  return 1 + Object.values(value).reduce<number>((sum, child) => sum + countObjects(child), 0)
}

describe('T6 egress', () => {
  test('the recorder sees what the service contacts', async () => {
    await post(simulated.service.url, '/v1/chat/completions', chatBody('openai/echo'))
    expect([...contacted()].some((line) => line === `connect 127.0.0.1:${simulated.openai.port}`)).toBe(true)
  })

  test.each(bodies)(
    'T6 host-like names at every path of a body of %s',
    async (path, body) => {
      for (const place of places()) {
        const all = Object.fromEntries(names.map((name) => [name, place]))
        for (const variant of everywhere(body, all)) await post(simulated.service.url, path, JSON.stringify(variant))
        // Each on its own too: one that is refused must not hide the next.
        for (const name of names) await post(simulated.service.url, path, JSON.stringify({ ...body, [name]: place }))
      }
      expectOnlyConfigured()
    },
    120_000,
  )

  test('T6 host-like names as headers', async () => {
    for (const place of places()) {
      for (const name of names) {
        if (/^(host|origin)$/i.test(name)) continue
        await post(simulated.service.url, '/v1/chat/completions', chatBody('openai/echo'), { [name]: place })
      }
    }
    expectOnlyConfigured()
  }, 60_000)

  test('T6 host-like names in the query', async () => {
    for (const [path, body] of bodies) {
      for (const place of places()) {
        const query = new URLSearchParams(names.map((name): [string, string] => [name, place])).toString()
        await post(simulated.service.url, `${path}?${query}`, JSON.stringify(body))
      }
    }
    expectOnlyConfigured()
  })

  test('T6 places as the model, and as media that a provider would fetch', async () => {
    for (const place of places()) {
      for (const model of [
        place,
        `openai/${place}`,
        `openai@${place}`,
        `openai/../../x`,
        `openai/echo?api_base=${place}`,
        `//${place}/x`,
      ]) {
        await post(simulated.service.url, '/v1/chat/completions', chatBody(model))
        await post(simulated.service.url, '/v1/messages', chatBody(model))
      }
      const image = {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: `${place}/x.png` } }] }],
      }
      await post(simulated.service.url, '/v1/chat/completions', chatBody('openai/echo', '', image))
      await post(simulated.service.url, '/v1/chat/completions', chatBody('anthropic/echo', '', image))
    }
    expectOnlyConfigured()
  })

  test('T8 a model name never becomes part of the path upstream', async () => {
    for (const model of ['../admin', '..%2fadmin', 'x?y', 'x#y', '.', '..', 'a/../../b', '%2e%2e/x']) {
      await post(simulated.service.url, '/v1/chat/completions?x=/../../secret', chatBody(`openai/${model}`))
    }
    expect(new Set(simulated.openai.requests.slice(-9).map(({ path }) => path))).toEqual(
      new Set(['/v1/chat/completions']),
    )
  })

  test.each([
    'http://127.0.0.1',
    'http://localhost',
    'http://[::1]',
    'http://2130706433',
    'http://0x7f.1',
    'http://[::ffff:127.0.0.1]',
    'http://169.254.169.254',
    'http://0.0.0.0',
  ])('T6 a provider at %s that is not marked private is refused', async (base) => {
    const before = trapped
    const yaml = `providers:\n  inner: { kind: openai-compatible, baseUrl: "${base}:${trapPort}/v1", keys: [ { secret: env:KEY } ] }\n`
    const service = await startService({ yaml, env: { KEY: 'sk-inner-0123456789' } }).catch((thrown: unknown) =>
      String(thrown),
    )
    // Refused by the configuration, or by the guard at the time of the connection.
    if (typeof service === 'string') expect(service).toMatch(/private/i)
    else {
      const answer = await post(service.url, '/v1/chat/completions', chatBody('inner/echo'))
      await service.stop()
      expect([answer.status, answer.text.includes('127.0.0.1')]).toEqual([502, false])
    }
    expect(trapped).toBe(before)
  })
})
