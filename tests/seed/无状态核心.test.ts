// The seed's "stateless core": clients and replicas that share nothing, and hold nothing that another one would miss.
import { AiClient, type ConnectionOptions, Message, PrometheusMetrics, Provider, ResponseCache } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningService, startService } from '../kit/service.ts'

const ping = { model: 'echo', messages: [Message.user('ping')] }
let upstream: Simulator

describe('clients of one process', () => {
  const clients: AiClient[] = []
  const kept = { ...process.env }
  beforeEach(async () => {
    upstream = await startSimulator()
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await upstream.close()
  })

  function open(options: ConnectionOptions): AiClient {
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, maxRetries: 0, ...options })
    clients.push(client)
    return client
  }
  const keysSeen = (): readonly string[] => upstream.requests.map(({ headers }) => String(headers['authorization']))

  test('each sends its own key and its own headers', async () => {
    const one = open({ apiKey: 'sk-one', headers: { 'x-team': 'one' } })
    const other = open({ apiKey: 'sk-other' })
    await Promise.all([one.chatCompletion(ping), other.chatCompletion(ping), one.chatCompletion(ping)])
    expect(keysSeen().toSorted()).toEqual(['Bearer sk-one', 'Bearer sk-one', 'Bearer sk-other'])
    for (const { headers } of upstream.requests)
      expect(headers['x-team']).toBe(headers['authorization'] === 'Bearer sk-one' ? 'one' : undefined)
  })

  test('each has its own connections, at the same address and with the same key', async () => {
    upstream.setDefault({ kind: 'answer', text: 'pong', firstByteMs: 30 })
    const [one, other] = [open({ apiKey: 'sk-same', poolSize: 1 }), open({ apiKey: 'sk-same', poolSize: 2 })]
    const many = Array.from({ length: 6 }, () => ping)
    await Promise.all([one.chatCompletionBatch(many), other.chatCompletionBatch(many)])
    expect(upstream.totalConnections()).toBe(3)
    await one.close()
    // Closing one leaves the other's alone.
    expect((await other.chatCompletion(ping)).firstText()).toBe('pong')
  })

  test('a key that one has seen refused is no news to the other', async () => {
    const [one, other] = [open({ apiKey: 'sk-same' }), open({ apiKey: 'sk-same' })]
    upstream.enqueue({ kind: 'status', status: 401 })
    await expect(one.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_key_refused' })
    await expect(one.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_key_refused' })
    expect(upstream.requests).toHaveLength(1)
    expect((await other.chatCompletion(ping)).firstText()).toBe('ping')
  })

  test('each has its own metrics and its own cache', async () => {
    const [mine, theirs] = [new PrometheusMetrics(), new PrometheusMetrics()]
    const one = open({ apiKey: 'sk-one', metrics: mine, cache: new ResponseCache() })
    const other = open({ apiKey: 'sk-other', metrics: theirs, cache: new ResponseCache() })
    await one.chatCompletion(ping)
    await one.chatCompletion(ping)
    expect(upstream.requests).toHaveLength(1)
    expect(theirs.render()).toBe('')
    await other.chatCompletion(ping)
    expect(keysSeen()).toEqual(['Bearer sk-one', 'Bearer sk-other'])
    expect(theirs.render()).toContain('ai_requests_total')
  })

  test('making, using and closing one leaves the process as it was', async () => {
    const events = ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'SIGTERM', 'SIGINT']
    const listeners = () => events.map((event) => process.listenerCount(event))
    const before = { listeners: listeners(), globals: Object.keys(globalThis), env: { ...process.env } }
    const client = open({ apiKey: 'sk-one' })
    await client.chatCompletion(ping)
    await client.close()
    expect({ listeners: listeners(), globals: Object.keys(globalThis), env: { ...process.env } }).toEqual(before)
    expect(process.env).toEqual(kept)
  })

  test('a conversation goes on at another client: all of it is in the request', async () => {
    const first = open({ apiKey: 'sk-one' })
    const opening = [Message.system('Be brief.'), Message.user('one')]
    const answer = await first.chatCompletion({ model: 'echo', messages: opening })
    await first.close()
    const parts = answer.choices[0]?.message.parts ?? []
    const request = { model: 'echo', messages: [...opening, Message.assistant(parts), Message.user('two')] }
    // A request is plain data: it may travel to where the other replica is.
    const travelled = structuredClone(JSON.parse(JSON.stringify(request)) as typeof request)
    expect((await open({ apiKey: 'sk-one' }).chatCompletion(travelled)).firstText()).toBe('two')
    await open({ apiKey: 'sk-one' }).chatCompletion(request)
    const [, there, here] = upstream.requests
    expect(String(there?.body)).toBe(String(here?.body))
  })
})

describe('replicas of the service', () => {
  const replicas: RunningService[] = []
  beforeAll(async () => {
    upstream = await startSimulator()
    const yaml = `providers:
  openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ] }
models:
  production: { endpoints: [ { name: only, provider: openai, model: echo } ] }
`
    for (let count = 0; count < 2; count++)
      replicas.push(await startService({ yaml, env: { KEY: 'sk-replica-0123456789' } }))
  })
  afterAll(async () => {
    for (const replica of replicas) await replica.stop()
    await upstream.close()
  })

  async function ask(replica: RunningService | undefined, messages: readonly object[]) {
    const response = await fetch(`${replica?.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'production', messages }),
    })
    const body = (await response.json()) as { choices: { message: { content: string } }[] }
    return {
      status: response.status,
      text: body.choices[0]?.message.content,
      bytes: String(upstream.requests.at(-1)?.body),
    }
  }

  test('any of them takes the next turn, sends the same bytes and lists the same models', async () => {
    const opening = [{ role: 'user', content: 'one' }]
    const first = await ask(replicas[0], opening)
    const next = [...opening, { role: 'assistant', content: first.text }, { role: 'user', content: 'two' }]
    const [here, there] = [await ask(replicas[0], next), await ask(replicas[1], next)]
    expect(there).toEqual(here)
    expect(there.text).toBe('two')
    const lists = await Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/v1/models`)).text()))
    expect(lists[0]).toBe(lists[1])
  })

  test('one that is killed is missed by nobody who asks the other', async () => {
    replicas[0]?.signal('SIGKILL')
    await replicas[0]?.exited
    expect(await ask(replicas[1], [{ role: 'user', content: 'still here' }])).toMatchObject({
      status: 200,
      text: 'still here',
    })
  })
})
