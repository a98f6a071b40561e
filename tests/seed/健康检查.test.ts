// Health checks: the library's chat ping, probes of the service in the background, and health learnt from traffic alone.
import { AiClient, Message, ModelArray, Provider, ResponseCache } from 'ai-lib'
import { type RecordedRequest, type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf, paths, post } from '../faults/asking.ts'
import { startConnectProxy } from '../kit/connect-proxy.ts'
import { type FaultProxy, startFaultProxy } from '../kit/fault-proxy.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'

let east: Simulator
let west: Simulator
/** Stands before `west`. */
let front: FaultProxy
/** What the list of models at `west` answers; its own list where undefined. */
let listStatus: number | undefined
const open: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  listStatus = undefined
  east = await startSimulator()
  west = await startSimulator()
  front = await startFaultProxy(west)
  front.fault = ({ method }) =>
    method === 'GET' && listStatus ? { kind: 'answer', status: listStatus, body: '{}' } : undefined
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  await east.close()
  await front.stop()
  await west.close()
})

function clientAt(baseUrl: string, more: ConstructorParameters<typeof AiClient>[1] = {}): AiClient {
  const client = new AiClient(Provider.OpenAI, { baseUrl, apiKey: 'sk-health-0123456789', maxRetries: 0, ...more })
  open.push(() => client.close())
  return client
}

describe('healthCheck() of the library', () => {
  test('asks the default model for a word and says how long it took', async () => {
    const client = clientAt(`${east.url}/v1`)
    const result = await client.healthCheck()
    expect(result).toEqual({ healthy: true, latencyMs: expect.any(Number) })
    expect(result.latencyMs).toBeGreaterThan(0)
    const [{ path, body } = { path: '', body: Buffer.from('{}') }] = east.requests
    expect(path).toBe('/v1/chat/completions')
    expect(JSON.parse(body.toString())).toMatchObject({
      model: client.defaultChatModel,
      messages: [{ role: 'user', content: 'ping' }],
    })
    // A bound of one token makes models that think first fail.
    expect(Number(/"max\w*_tokens":(\d+)/.exec(body.toString())?.[1])).toBeGreaterThanOrEqual(16)
  })

  test('asks for another model where one is named', async () => {
    await clientAt(`${east.url}/v1`).healthCheck({ model: 'echo' })
    expect(String(east.requests[0]?.body)).toContain('"echo"')
  })

  test.each([
    [401, 'provider_key_refused'],
    [404, 'provider_model_not_found'],
    [500, 'provider_failed'],
    [400, 'provider_rejected_request'],
  ] as const)('%i is not healthy, with the reason, and nothing is thrown', async (status, code) => {
    east.setDefault({ kind: 'status', status })
    expect(await clientAt(`${east.url}/v1`).healthCheck()).toMatchObject({ healthy: false, error: { code } })
  })

  test('nobody there, no key, no time, a client that leaves, a wrong option: never a rejection', async () => {
    const gone = clientAt(`http://127.0.0.1:${await freePort()}/v1`)
    expect(await gone.healthCheck()).toMatchObject({ healthy: false, error: { code: 'provider_unreachable' } })
    const keyless = new AiClient(Provider.Anthropic, { baseUrl: east.url })
    open.push(() => keyless.close())
    expect(await keyless.healthCheck()).toMatchObject({ healthy: false, error: { code: 'service_not_configured' } })
    east.setDefault({ kind: 'delay', ms: 60_000 })
    const slow = clientAt(`${east.url}/v1`)
    const late = await slow.healthCheck({ timeoutMs: 60 })
    expect(late).toMatchObject({ healthy: false, error: { code: 'provider_timeout_total' } })
    expect(late.latencyMs).toBeLessThan(5_000)
    const left = await slow.healthCheck({ signal: AbortSignal.timeout(20) })
    expect(left).toMatchObject({ healthy: false, error: { code: 'caller_left' } })
    expect(await slow.healthCheck({ timeoutMs: -1 })).toMatchObject({
      healthy: false,
      error: { code: 'caller_invalid_request' },
    })
  })

  test('a cached answer never stands in for a living provider', async () => {
    const client = clientAt(`${east.url}/v1`, { cache: new ResponseCache() })
    expect((await client.healthCheck()).healthy).toBe(true)
    east.setDefault({ kind: 'status', status: 500 })
    expect((await client.healthCheck()).healthy).toBe(false)
  })

  test('checks one endpoint of an array by a client of its own, and the array through its strategy', async () => {
    const array = new ModelArray('production')
      .addEndpoint({ name: 'east', url: `${east.url}/v1` })
      .addEndpoint({ name: 'west', url: `${west.url}/v1` })
    const client = AiClient.withModelArray(Provider.OpenAI, array, { apiKey: 'sk-health-0123456789' })
    open.push(() => client.close())
    west.setDefault({ kind: 'status', status: 500 })
    for (let at = 0; at < 4; at++) expect((await client.healthCheck()).healthy).toBe(true)
    expect((await clientAt(`${west.url}/v1`).healthCheck()).healthy).toBe(false)
  })
})

const gets = ({ requests }: Simulator): readonly RecordedRequest[] => requests.filter(({ method }) => method === 'GET')
const posts = ({ requests }: Simulator): readonly RecordedRequest[] =>
  requests.filter(({ method }) => method === 'POST')

async function service(health: string, provider = '', urls = [east.url, front.url]): Promise<RunningService> {
  const running = await startService({
    yaml: [
      'providers:',
      `  main: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", private: true, keys: [ { secret: env:TEST_KEY } ]${provider} }`,
      'models:',
      '  production:',
      `    health: { ${health} }`,
      '    endpoints:',
      `      - { name: east, provider: main, url: "${urls[0]}/v1", model: echo }`,
      `      - { name: west, provider: main, url: "${urls[1]}/v1", model: echo }`,
      '  again:',
      `    endpoints: [ { name: west, provider: main, url: "${urls[1]}/v1", model: echo } ]`,
    ].join('\n'),
    env: { TEST_KEY: 'test-key-0123456789' },
  })
  open.push(() => running.stop())
  return running
}
const healthy = async (running: RunningService, endpoint: string): Promise<string | undefined> =>
  new RegExp(`ai_endpoint_healthy\\{endpoint="${endpoint}"\\} (\\d)`).exec(await metricsOf(running))?.[1]

describe('probes of the service', () => {
  test('none is the default: nothing is asked that nobody asked for, and traffic alone teaches health', async () => {
    const running = await service('interval: 1s')
    west.setDefault({ kind: 'status', status: 502 })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect([east.requests.length, west.requests.length]).toEqual([0, 0])
    for (let at = 0; at < 20; at++)
      expect((await post(running.url, paths.openai, chatBody('production'))).status).toBe(200)
    expect(west.requests).toHaveLength(5)
    // The same endpoint under another alias has the same health.
    expect([await healthy(running, 'production/west'), await healthy(running, 'again/west')]).toEqual(['0', '0'])
    expect(await healthy(running, 'production/east')).toBe('1')
  })

  test('models: the list is fetched with the key of traffic; two failures take an endpoint out, one success brings it back', async () => {
    const running = await service('interval: 1s, timeout: 500ms, probe: models')
    await eventually(() => gets(east).length > 0 && gets(west).length > 0, 'both were probed')
    expect(gets(west)[0]).toMatchObject({
      path: '/v1/models',
      headers: { authorization: 'Bearer test-key-0123456789' },
    })
    expect(posts(west)).toEqual([])
    listStatus = 503
    await eventually(async () => (await healthy(running, 'production/west')) === '0', 'the endpoint is out')
    for (let at = 0; at < 10; at++)
      expect((await post(running.url, paths.openai, chatBody('production'))).headers.get('x-ai-endpoint')).toBe(
        'production/east',
      )
    expect(posts(west)).toEqual([])
    listStatus = undefined
    await eventually(async () => (await healthy(running, 'production/west')) === '1', 'the endpoint is back')
    for (let at = 0; at < 4; at++) await post(running.url, paths.openai, chatBody('production'))
    expect(posts(west)).toHaveLength(2)
  })

  test('models: a key that may not list says nothing against the endpoint', async () => {
    listStatus = 403
    const running = await service('interval: 1s, probe: models')
    const lists = (): number => front.seen.filter(({ method }) => method === 'GET').length
    await eventually(() => lists() >= 3, 'it was probed thrice')
    expect(await healthy(running, 'production/west')).toBe('1')
    for (let at = 0; at < 4; at++)
      expect((await post(running.url, paths.openai, chatBody('production'))).status).toBe(200)
    expect(posts(west)).toHaveLength(2)
  })

  test('chat: the endpoint’s own model is asked for a word; a model that hangs is found by the timeout', async () => {
    const running = await service('interval: 1s, timeout: 200ms, probe: chat')
    await eventually(() => posts(west).length > 0, 'it was asked')
    expect(JSON.parse(String(posts(west)[0]?.body))).toMatchObject({ model: 'echo', messages: [{ content: 'ping' }] })
    west.setDefault({ kind: 'delay', ms: 60_000 })
    await eventually(async () => (await healthy(running, 'production/west')) === '0', 'the endpoint is out')
    expect(await healthy(running, 'production/east')).toBe('1')
    // Never two at a time: what hangs is given up before the next is asked.
    const open = posts(west).filter(({ aborted }) => !aborted)
    await eventually(() => posts(west).filter(({ aborted }) => !aborted).length <= open.length, 'they are given up')
  })

  test('go through the proxy that traffic goes through', async () => {
    const proxy = await startConnectProxy({
      routes: { 'upstream.test:80': `127.0.0.1:${east.port}` },
    })
    open.push(() => proxy.close())
    await service('interval: 1s, probe: models', `, proxy: "${proxy.url}"`, [
      'http://upstream.test',
      'http://upstream.test',
    ])
    await eventually(() => gets(east).length > 0, 'the probe came through')
    expect(proxy.seen.map(({ target }) => target)).toContain('upstream.test:80')
    expect(east.totalConnections()).toBe(proxy.tunnels())
  })

  test('hold no shutdown up', async () => {
    west.setDefault({ kind: 'delay', ms: 60_000 })
    const running = await service('interval: 1s, timeout: 60s, probe: chat')
    await eventually(() => posts(west).length > 0, 'a probe hangs')
    const startedMs = Date.now()
    running.signal('SIGTERM')
    expect(await running.exited).toBe(0)
    expect(Date.now() - startedMs).toBeLessThan(5_000)
  })

  test('a dead provider makes neither liveness nor readiness red', async () => {
    const running = await service('interval: 1s, timeout: 200ms, probe: models', '', [
      `http://127.0.0.1:${await freePort()}`,
      `http://127.0.0.1:${await freePort()}`,
    ])
    await eventually(async () => (await healthy(running, 'production/east')) === '0', 'it is out')
    for (const path of ['/health/live', '/health/ready'])
      expect((await fetch(`${running.url}${path}`)).status).toBe(200)
  })
})

test('the messages of a health check are those of any other chat', async () => {
  // The seed's own function, as an application writes it.
  async function healthCheck(client: AiClient): Promise<boolean> {
    try {
      await client.chatCompletion({ model: client.defaultChatModel, messages: [Message.user('ping')] })
      return true
    } catch {
      return false // Why is not asked here; `healthCheck()` tells.
    }
  }
  expect(await healthCheck(clientAt(`${east.url}/v1`))).toBe(true)
  east.setDefault({ kind: 'status', status: 500 })
  expect(await healthCheck(clientAt(`${east.url}/v1`))).toBe(false)
})
