// Load balancing: endpoints share requests by weight, load and health, each at its own url, in library and service.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AiClient, AiError, LoadBalancingStrategy, Message, ModelArray, type ModelEndpoint, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf, paths, post } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const ask = { model: 'echo', messages: [Message.user('hello')] }
const strategies = Object.values(LoadBalancingStrategy)

let east: Simulator
let west: Simulator
let open: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  east = await startSimulator({ record: 20_000 })
  west = await startSimulator({ record: 20_000 })
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  await east.close()
  await west.close()
  open = []
})

const seen = (): readonly [east: number, west: number] => [east.requests.length, west.requests.length]

function arrayOf(strategy: LoadBalancingStrategy, more: Partial<ModelEndpoint> = {}): ModelArray {
  return new ModelArray('production', { strategy })
    .addEndpoint({ name: 'us-east-1', url: `${east.url}/v1`, weight: 1.0, healthy: true })
    .addEndpoint({ name: 'us-west-1', url: `${west.url}/v1`, weight: 0.8, healthy: true, ...more })
}

function clientOf(array: ModelArray): AiClient {
  const client = AiClient.withModelArray(Provider.OpenAI, array, { apiKey: 'sk-balance-0123456789' })
  open.push(() => client.close())
  return client
}

/** Many at once, so that shares do not depend on requests coming one by one. */
async function many(count: number, one: () => Promise<unknown>, atOnce = 20): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one()
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function codeOf(work: () => unknown): Promise<AiError> {
  try {
    await work()
  } catch (thrown) {
    if (thrown instanceof AiError) return thrown
    throw thrown
  }
  throw new Error('It was taken.')
}

describe('the library', () => {
  test('takes the sample of the document: an array, health-based, two regions, each at its own url', async () => {
    const array = new ModelArray('production').withStrategy(LoadBalancingStrategy.HealthBased)
    array.addEndpoint({ name: 'us-east-1', url: `${east.url}/v1`, weight: 1.0, healthy: true })
    array.addEndpoint({ name: 'us-west-1', url: `${west.url}/v1`, weight: 0.8, healthy: true })
    const client = clientOf(array)
    await many(90, () => client.chatCompletion(ask))
    const [atEast, atWest] = seen()
    expect(atEast + atWest).toBe(90)
    expect(atEast).toBeGreaterThanOrEqual(40)
    expect(atWest).toBeGreaterThanOrEqual(30)
    for (const { headers } of [...east.requests, ...west.requests])
      expect(headers['authorization']).toBe('Bearer sk-balance-0123456789')
  })

  test('weighted: 1.0 and 0.8 are exact over concurrent requests', async () => {
    const client = clientOf(arrayOf('weighted'))
    await many(1_800, () => client.chatCompletion(ask))
    const [atEast, atWest] = seen()
    expect([Math.abs(atEast - 1_000) <= 1, Math.abs(atWest - 800) <= 1]).toEqual([true, true])
  })

  test('round-robin: each in its turn, whatever the weights', async () => {
    const client = clientOf(arrayOf('round-robin'))
    for (let at = 0; at < 10; at++) await client.chatCompletion(ask)
    expect(seen()).toEqual([5, 5])
  })

  test('least-connections: a stream counts until its last byte', async () => {
    const client = clientOf(arrayOf('least-connections'))
    const slow = { kind: 'answer', text: 'one two three four five six seven eight', intervalMs: 60 } as const
    east.setDefault(slow)
    const stream = client.chatCompletionStream(ask)
    await stream.next()
    expect(seen()).toEqual([1, 0])
    for (let at = 0; at < 6; at++) await client.chatCompletion(ask)
    expect(seen()).toEqual([1, 6])
    for await (const _event of stream);
    east.setDefault(undefined)
    await client.chatCompletion(ask)
    await client.chatCompletion(ask)
    expect(east.requests.length).toBeGreaterThan(1)
  })

  test.each(strategies)(
    '%s: one that fails five times in a row gets nothing more, and no request fails',
    async (strategy) => {
      const client = clientOf(arrayOf(strategy))
      west.setDefault({ kind: 'status', status: 503 })
      for (let at = 0; at < 60; at++) await client.chatCompletion(ask)
      const failed = west.requests.length
      expect(failed).toBeLessThanOrEqual(5)
      for (let at = 0; at < 30; at++) await client.chatCompletion(ask)
      expect(west.requests.length - failed).toBeLessThanOrEqual(strategy === 'round-robin' ? 0 : 5 - failed)
    },
  )

  test.each(strategies)(
    '%s: one marked unhealthy by hand gets nothing until it is marked healthy again',
    async (strategy) => {
      const array = arrayOf(strategy, { healthy: false, weight: 1 })
      const client = clientOf(array)
      await many(40, () => client.chatCompletion(ask))
      expect(seen()).toEqual([40, 0])
      array.setHealthy('us-west-1', true)
      await many(200, () => client.chatCompletion(ask))
      expect(west.requests.length).toBeGreaterThan(0)
      const before = west.requests.length
      const [, marked] = array.endpoints
      if (marked) marked.healthy = false
      await many(40, () => client.chatCompletion(ask))
      expect(west.requests.length).toBe(before)
    },
  )

  test('an endpoint may have a model of its own', async () => {
    const client = clientOf(arrayOf('round-robin', { model: 'echo-reasoning' }))
    for (let at = 0; at < 2; at++) await client.chatCompletion(ask)
    const models = [...east.requests, ...west.requests].map(({ body }) => String(JSON.parse(body.toString()).model))
    expect(models).toEqual(['echo', 'echo-reasoning'])
  })

  test('with all marked unhealthy says so at once', async () => {
    const array = arrayOf('weighted')
    const client = clientOf(array)
    array.setHealthy('us-east-1', false).setHealthy('us-west-1', false)
    expect(await codeOf(() => client.chatCompletion(ask))).toMatchObject({
      code: 'service_endpoints_down',
      status: 503,
    })
    expect(seen()).toEqual([0, 0])
  })

  test.each([
    ['no endpoints', () => clientOf(new ModelArray('empty')), 'endpoints', /empty has no endpoints/],
    [
      'an unknown strategy',
      () => new ModelArray('a', { strategy: 'wieghted' as 'weighted' }),
      'strategy',
      /did you mean weighted/,
    ],
    ['a negative weight', () => arrayOf('weighted', { weight: -1 }), 'weight', /us-west-1 is not a number above 0/],
    ['two of one name', () => arrayOf('weighted', { name: 'us-east-1' }), 'name', /two endpoints are named us-east-1/],
    ['a url that is none', () => arrayOf('weighted', { url: 'api-east' }), 'url', /us-west-1 is no http/],
    ['a mark for nobody', () => arrayOf('weighted').setHealthy('eu', true), 'name', /there are us-east-1, us-west-1/],
  ])('%s is refused: what, where and what to do', async (_what, make, param, words) => {
    const error = await codeOf(make)
    expect(error).toMatchObject({ code: 'config_invalid', details: { param } })
    expect(error.message).toMatch(words)
  })
})

async function service(strategy: string, more = ''): Promise<RunningService> {
  const endpoint = (name: string, at: Simulator, weight: number) =>
    `      - { name: ${name}, provider: main, url: "${at.url}/v1", model: echo, weight: ${weight} }`
  const running = await startService({
    yaml: [
      `providers:\n  main: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", private: true }`,
      `models:\n  production:\n    strategy: ${strategy}\n    endpoints:`,
      endpoint('east', east, 1.0),
      endpoint('west', west, 0.8),
      more,
    ].join('\n'),
  })
  open.push(() => running.stop())
  return running
}

describe('the service', () => {
  test('weighted: 1.0 and 0.8 are exact, and each endpoint is named in header and metrics', async () => {
    const running = await service('weighted')
    const named = new Map<string | null, number>()
    await many(900, async () => {
      const { status, headers } = await post(running.url, paths.openai, chatBody('production'))
      expect(status).toBe(200)
      const name = headers.get('x-ai-endpoint')
      named.set(name, (named.get(name) ?? 0) + 1)
    })
    const [atEast, atWest] = seen()
    expect([Math.abs(atEast - 500) <= 1, Math.abs(atWest - 400) <= 1]).toEqual([true, true])
    expect(named).toEqual(
      new Map([
        ['production/east', atEast],
        ['production/west', atWest],
      ]),
    )
    expect(await metricsOf(running)).toContain(
      `ai_attempts_total{endpoint="production/east",outcome="answered"} ${atEast}`,
    )
  })

  test('least-connections: a stream counts until its last byte', async () => {
    const running = await service('least-connections')
    east.setDefault({ kind: 'answer', text: 'one two three four five six', intervalMs: 100 })
    const streaming = post(running.url, paths.openai, chatBody('production', 'hi', { stream: true }))
    await eventually(() => east.requests.length === 1, 'the stream has begun')
    for (let at = 0; at < 4; at++) await post(running.url, paths.openai, chatBody('production'))
    expect(seen()).toEqual([1, 4])
    await streaming
  })

  test.each(strategies)(
    '%s: an endpoint that is away is left out, nobody notices, and metrics say so',
    async (strategy) => {
      const running = await service(strategy)
      west.setDefault({ kind: 'reset', at: 'head' })
      for (let at = 0; at < 40; at++)
        expect((await post(running.url, paths.openai, chatBody('production'))).status).toBe(200)
      const before = west.requests.length
      expect(before).toBeLessThanOrEqual(5)
      if (before < 5) return
      for (let at = 0; at < 10; at++) await post(running.url, paths.openai, chatBody('production'))
      expect(west.requests.length).toBe(before)
      const metrics = await metricsOf(running)
      expect(metrics).toContain('ai_endpoint_healthy{endpoint="production/west"} 0')
      expect(metrics).toContain('ai_endpoint_healthy{endpoint="production/east"} 1')
      expect(metrics).toContain('ai_breaker_state{endpoint="production/west"} 2')
    },
  )

  test('one marked healthy: false gets nothing', async () => {
    const running = await service('round-robin', `      - { name: out, provider: main, model: echo, healthy: false }`)
    for (let at = 0; at < 12; at++)
      expect((await post(running.url, paths.openai, chatBody('production'))).headers.get('x-ai-attempts')).toBe('1')
    expect(seen()).toEqual([6, 6])
    expect(await metricsOf(running)).toContain('ai_endpoint_healthy{endpoint="production/out"} 0')
  })

  test.each([
    [
      'an unknown strategy',
      'strategy: wieghted',
      'endpoints: [ { provider: main, model: m } ]',
      /:6:\d+ models\.a\.strategy: .*expected one of round-robin, weighted, .*weighted\?/,
    ],
    [
      'a negative weight',
      'strategy: weighted',
      'endpoints: [ { provider: main, model: m, weight: -1 } ]',
      /:7:\d+ models\.a\.endpoints\.0\.weight: .*expected a number above 0/,
    ],
    [
      'zero endpoints',
      'strategy: weighted',
      'endpoints: []',
      /:7:\d+ models\.a\.endpoints: found an empty list, expected a list with at least one endpoint/,
    ],
    [
      'duplicate names',
      'strategy: weighted',
      'endpoints: [ { name: x, provider: main, model: m }, { name: x, provider: main, model: n } ]',
      /:7:\d+ models\.a\.endpoints\.1\.name: .*expected names that differ/,
    ],
  ])('%s stops the start with 78, the line, the path and what was expected', (_what, strategy, endpoints, words) => {
    const folder = mkdtempSync(join(tmpdir(), 'ai-service-balance-'))
    const file = join(folder, 'ai-service.yaml')
    const provider = 'providers:\n  main: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", private: true }'
    writeFileSync(file, `# a comment\n${provider}\nmodels:\n  a:\n    ${strategy}\n    ${endpoints}\n`)
    const ran = spawnSync(process.execPath, [bin, 'start', '--config', file], { encoding: 'utf8' })
    rmSync(folder, { recursive: true, force: true })
    expect(ran.status).toBe(78)
    expect(ran.stderr).toMatch(words)
  })
})
