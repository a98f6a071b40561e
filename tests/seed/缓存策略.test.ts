// Caching, as the seed draws it (a map with a TTL that it never looks at): here entries expire, within a bound of bytes, and the service shares answers within a tenant.
import { AiClient, Message, Provider, ResponseCache } from 'ai-lib'
import { startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chatBody, eventsIn, eventually, metricsOf, logLines, post, type Told } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { startValkey, type ValkeyServer } from '../kit/valkey.ts'
import { needs } from '../require.ts'

describe('the library', () => {
  it('get and set as in the seed, and what expired is gone', async () => {
    let nowMs = 0
    const cache = new ResponseCache({ ttlMs: 60_000, maxBytes: 1_000_000, nowMs: () => nowMs })
    expect(await cache.get('key')).toBeUndefined()
    await cache.set('key', 'value')
    expect(await cache.get('key')).toBe('value')
    nowMs = 60_000
    expect(await cache.get('key')).toBeUndefined()
  })

  it('forgets what was asked for longest ago once its bytes are used up', async () => {
    const cache = new ResponseCache({ maxBytes: 10_000 })
    for (let index = 0; index < 100; index++) await cache.set(`key ${index}`, 'x'.repeat(500))
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
    expect(await cache.get('key 0')).toBeUndefined()
    expect(await cache.get('key 99')).toBe('x'.repeat(500))
  })
})

describe('a client with a cache', () => {
  let simulated: Simulated
  beforeAll(async () => {
    simulated = await startSimulated()
  })
  afterAll(() => simulated.stop())

  it('asks once for what it asks twice, and gives the same answer', async () => {
    const { openai } = simulated
    const options = { baseUrl: `${openai.url}/v1`, apiKey: 'sk-seed', cache: new ResponseCache() }
    const client = new AiClient(Provider.OpenAI, options)
    const before = openai.requests.length
    const request = { model: 'echo', messages: [Message.user('twice')] }
    const first = await client.chatCompletion(request)
    const second = await client.chatCompletion(request)
    expect(second.firstText()).toBe(first.firstText())
    expect({ ...second, firstText: undefined }).toEqual({ ...first, firstText: undefined })
    expect(openai.requests.length - before).toBe(1)
    await client.chatCompletion({ ...request, temperature: 0.5 })
    expect(openai.requests.length - before).toBe(2)
    await client.close()
  })

  it('does not keep an answer that was cut short, and a cache that fails is only a miss', async () => {
    const { openai } = simulated
    const cut = { kind: 'answer', text: 'cut', stop: 'length' } as const
    const away = {
      get: () => Promise.reject(new Error('away')),
      set: () => Promise.reject(new Error('away')),
    }
    for (const cache of [new ResponseCache(), away]) {
      const client = new AiClient(Provider.OpenAI, { baseUrl: `${openai.url}/v1`, apiKey: 'sk-seed', cache })
      const before = openai.requests.length
      openai.enqueue(cut, cut)
      for (let asked = 0; asked < 2; asked++)
        expect((await client.chatCompletion({ model: 'echo', messages: [Message.user('cut')] })).firstText()).toBe(
          'cut',
        )
      expect(openai.requests.length - before).toBe(2)
      await client.close()
    }
  })
})

/** The same promises, whichever store the service keeps its answers in. */
function describeService(store: string, yaml: () => string): void {
  describe(`the service, ${store}`, () => {
    let simulated: Simulated
    let asked = 0
    beforeAll(async () => {
      simulated = await startSimulated({
        yaml: `${yaml()}\ncache: { enabled: true, ttl: 10m }\nmodels:\n  fast: { endpoints: [ { provider: openai, model: echo } ] }`,
      })
      if (store !== 'in memory')
        await eventually(() => simulated.service.output().includes('the shared store is there'), 'a connection')
    })
    afterAll(() => simulated.stop())
    beforeEach(() => {
      asked = simulated.openai.requests.length + simulated.anthropic.requests.length
    })
    const upstreamCalls = (): number => simulated.openai.requests.length + simulated.anthropic.requests.length - asked

    const ask = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> =>
      post(simulated.service.url, path, body, headers)
    const chat = (text: string, more: object = {}, headers = {}): Promise<Told> =>
      ask('/v1/chat/completions', chatBody('openai/echo', text, { ...more }), headers)

    it('answers the same question once from the provider, and then from what it said', async () => {
      const first = await chat('same question')
      const second = await chat('same question')
      expect(first.headers.get('x-ai-cache')).toBe('miss')
      expect(second.headers.get('x-ai-cache')).toBe('hit')
      expect(second.text).toBe(first.text)
      expect(upstreamCalls()).toBe(1)
      for (const header of ['x-ai-provider', 'x-ai-model', 'x-ai-endpoint'])
        expect(second.headers.get(header)).toBe(first.headers.get(header))
      expect([first.headers.get('x-ai-attempts'), second.headers.get('x-ai-attempts')]).toEqual(['1', '0'])
      expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
    })

    it.each([
      ['another text', 'other', {}],
      ['another temperature', 'base', { temperature: 0.2 }],
      ['another seed', 'base', { seed: 7 }],
      ['a tool more', 'base', { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }],
      ['a field that nobody knows', 'base', { made_up: true }],
    ])('%s is another question', async (_, text, more) => {
      await chat('base')
      asked = simulated.openai.requests.length + simulated.anthropic.requests.length
      expect((await chat(text, more)).headers.get('x-ai-cache')).toBe('miss')
      expect(upstreamCalls()).toBe(1)
    })

    it('a whole answer is told as a stream, and a streamed one as a whole, with its usage and its end', async () => {
      const whole = await chat('whole first')
      const streamed = await chat('whole first', { stream: true, stream_options: { include_usage: true } })
      expect(streamed.headers.get('x-ai-cache')).toBe('hit')
      expect(streamed.headers.get('content-type')).toContain('text/event-stream')
      expect(joined(streamed.text)).toEqual(saidBy(whole.text))

      const stream = await chat('stream first', { stream: true })
      const again = await chat('stream first')
      expect(again.headers.get('x-ai-cache')).toBe('hit')
      expect(saidBy(again.text)).toMatchObject({ text: joined(stream.text).text, finish: 'stop' })
      expect(saidBy(again.text).total).toBeGreaterThan(0)
      expect(upstreamCalls()).toBe(2)
    })

    it('a stream is told again byte for byte', async () => {
      const first = await chat('stream twice', { stream: true })
      const second = await chat('stream twice', { stream: true })
      expect(second.headers.get('x-ai-cache')).toBe('hit')
      expect(second.text).toBe(first.text)
    })

    it('tool calls and reasoning survive, in the dialect of the client, whatever the provider speaks', async () => {
      const answer = {
        kind: 'answer',
        reasoning: 'think first',
        toolCalls: [{ id: 'call_1', name: 'weather', argsJson: '{"city":"Bonn"}' }],
        stop: 'tool-use',
      } as const
      simulated.anthropic.enqueue(answer)
      const body = (stream: boolean): string =>
        chatBody('anthropic/echo', 'weather?', {
          stream,
          tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
        })
      const first = await ask('/v1/chat/completions', body(false))
      const second = await ask('/v1/chat/completions', body(true))
      expect(second.headers.get('x-ai-cache')).toBe('hit')
      const said = joined(second.text)
      expect(said).toMatchObject({ finish: 'tool_calls', args: '{"city":"Bonn"}', reasoning: 'think first' })
      expect(JSON.parse(first.text).choices[0].message.tool_calls[0].function).toEqual({
        name: 'weather',
        arguments: '{"city":"Bonn"}',
      })
    })

    it('each route and each name of a model has answers of its own; an alias shares none with its target', async () => {
      const text = 'over the routes'
      const replies = [
        await ask('/v1/chat/completions', chatBody('openai/echo', text)),
        await ask('/v1/chat/completions', chatBody('fast', text)),
        await ask('/v1/messages', chatBody('anthropic/echo', text)),
        await ask('/v1/messages', chatBody('openai/echo', text)),
        await ask('/v1/embeddings', JSON.stringify({ model: 'openai/embed', input: text })),
      ]
      expect(replies.map(({ headers }) => headers.get('x-ai-cache'))).toEqual(Array(5).fill('miss'))
      expect(replies.map(({ status }) => status)).toEqual(Array(5).fill(200))
      const again = await ask('/v1/embeddings', JSON.stringify({ input: text, model: 'openai/embed' }))
      expect(again.headers.get('x-ai-cache')).toBe('hit')
    })

    it('Responses and legacy completions are told in both forms', async () => {
      const forms = async (path: string, body: object, order: readonly [boolean, boolean]) => {
        const replies = [await ask(path, JSON.stringify({ ...body, stream: order[0] }))]
        replies.push(await ask(path, JSON.stringify({ ...body, stream: order[1] })))
        return replies
      }
      for (const order of [[true, false] as const, [false, true] as const]) {
        const text = `in both forms ${order[0]}`
        const responses = await forms('/v1/responses', { model: 'openai/echo', input: text }, order)
        const completions = await forms('/v1/completions', { model: 'openai/echo', prompt: text }, order)
        for (const [first, second] of [responses, completions]) {
          expect(first?.headers.get('x-ai-cache')).toBe('miss')
          expect(second?.headers.get('x-ai-cache')).toBe('hit')
          for (const word of text.split(' ')) expect(second?.text).toContain(word)
        }
      }
    })

    it('identical requests at one time make one upstream call', async () => {
      simulated.openai.enqueue({ kind: 'answer', text: 'only once', firstByteMs: 150 })
      const replies = await Promise.all(Array.from({ length: 20 }, () => chat('at one time')))
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
      expect(replies.map(({ headers }) => headers.get('x-ai-cache')).filter((result) => result === 'hit')).toHaveLength(
        19,
      )
      expect(upstreamCalls()).toBe(1)
    })

    it('where the one in front leaves, the next goes in its place', async () => {
      simulated.openai.enqueue({ kind: 'delay', ms: 60_000 }, { kind: 'answer', text: 'for the others' })
      const leaving = new AbortController()
      const body = chatBody('openai/echo', 'who leaves')
      const first = fetch(`${simulated.service.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: leaving.signal,
      }).catch(() => 'left')
      await eventually(() => upstreamCalls() === 1, 'the first call')
      const others = [chat('who leaves'), chat('who leaves')]
      await new Promise((resolve) => setTimeout(resolve, 50))
      leaving.abort()
      const replies = await Promise.all(others)
      expect(await first).toBe('left')
      expect(replies.map(({ text }) => saidBy(text).text)).toEqual(['for the others', 'for the others'])
      expect(upstreamCalls()).toBe(2)
    })

    it('a failure is nobody else’s answer: those who wait try one after the other', async () => {
      const refused = { kind: 'status', status: 400 } as const
      // oxlint-disable-next-line unicorn/no-thenable -- the simulator's own word
      simulated.openai.enqueue({ kind: 'delay', ms: 100, then: refused }, { kind: 'answer', text: 'second try' })
      const replies = await Promise.all([chat('fails once'), chat('fails once'), chat('fails once')])
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(2)
      expect(upstreamCalls()).toBe(2)
    })

    it.each([
      ['an error', { kind: 'status', status: 400 }],
      ['an answer that hit its limit', { kind: 'answer', text: 'cut', stop: 'length' }],
      ['a moderated answer', { kind: 'answer', text: '', stop: 'content-filter' }],
      ['a refusal', { kind: 'answer', refusal: 'no', stop: 'refusal' }],
    ] as const)('%s is not kept', async (what, behaviour) => {
      simulated.openai.enqueue(behaviour)
      await chat(`not kept: ${what}`)
      expect((await chat(`not kept: ${what}`)).headers.get('x-ai-cache')).toBe('miss')
      expect(upstreamCalls()).toBe(2)
    })

    it('a stream that is cut is not kept', async () => {
      simulated.openai.enqueue({
        kind: 'cut',
        afterEvents: 3,
        answer: { kind: 'answer', text: 'one two three four five' },
      })
      await chat('cut stream', { stream: true })
      const second = await chat('cut stream', { stream: true })
      expect(second.headers.get('x-ai-cache')).toBe('miss')
      expect(second.text).toContain('[DONE]')
    })

    it('the client decides: no-store, refresh, only', async () => {
      const wish = (value: string): Promise<Told> => chat('wishes', {}, { 'x-ai-cache': value })
      const none = await wish('only')
      expect(none.status).toBe(504)
      expect(none.error.code).toBe('policy_cache_miss')
      expect(none.headers.get('x-should-retry')).toBe('false')
      expect(upstreamCalls()).toBe(0)
      expect((await wish('no-store')).headers.get('x-ai-cache')).toBe('bypass')
      expect((await wish('only')).status).toBe(504)
      expect((await wish('refresh')).headers.get('x-ai-cache')).toBe('miss')
      expect((await wish('only')).headers.get('x-ai-cache')).toBe('hit')
      expect((await wish('refresh')).headers.get('x-ai-cache')).toBe('miss')
      expect(upstreamCalls()).toBe(3)
      expect((await wish('later')).status).toBe(400)
      for (const { headers } of simulated.openai.requests) expect(headers['x-ai-cache']).toBeUndefined()
    })

    it('what depends on stored state passes by', async () => {
      const replies = [
        await chat('stored', { store: true }),
        await ask(
          '/v1/responses',
          JSON.stringify({ model: 'openai/echo', input: 'x', previous_response_id: 'resp_1' }),
        ),
        await ask('/v1/responses', JSON.stringify({ model: 'openai/echo', input: 'x', store: true })),
      ]
      expect(replies.map(({ headers }) => headers.get('x-ai-cache'))).toEqual(['bypass', 'bypass', 'bypass'])
    })

    it('a body that names a key twice, or is large, passes by', async () => {
      const twice = '{"model":"openai/echo","seed":1,"seed":2,"messages":[{"role":"user","content":"twice"}]}'
      expect((await ask('/v1/chat/completions', twice)).headers.get('x-ai-cache')).toBe('bypass')
      expect((await chat('x'.repeat(300 * 1024))).headers.get('x-ai-cache')).toBe('bypass')
    })

    it('a hit is in log and metrics, and spends nothing', async () => {
      const tokens = async (): Promise<string> =>
        (await metricsOf(simulated.service))
          .split('\n')
          .filter((line) => line.startsWith('ai_tokens_used_total'))
          .join()
      await chat('is seen')
      const before = await tokens()
      const { headers } = await chat('is seen')
      expect(await tokens()).toBe(before)
      expect(await metricsOf(simulated.service)).toMatch(/^ai_cache_total\{result="hit"\} [1-9]/m)
      const id = headers.get('x-request-id')
      await eventually(() => logLines(simulated.service).some((line) => line['request_id'] === id), 'a log line')
      const line = logLines(simulated.service).find((candidate) => candidate['request_id'] === id)
      expect(line).toMatchObject({ cache: 'hit', attempts: 0, status: 200, output_tokens: 0, provider: 'openai' })
    })
  })
}

describeService('in memory', () => '')

needs('redis-server')('with a shared server', () => {
  let valkey: ValkeyServer
  beforeAll(async () => {
    valkey = await startValkey()
  })
  afterAll(() => valkey.stop())

  describeService('on a shared server', () => `stores: { shared: "${valkey.url}" }`)

  it('replicas share what one of them was told; deployments with another prefix or other addresses do not', async () => {
    const upstream = await startSimulator()
    const elsewhere = await startSimulator()
    const replica = (url: string, prefix: string): Promise<RunningService> =>
      startService({
        env: { KEY: 'sk-seed-0123456789', VALKEY: valkey.url },
        yaml: [
          `providers:\n  openai: { baseUrl: "${url}/v1", private: true, keys: [ { secret: env:KEY } ] }`,
          `stores: { shared: env:VALKEY, prefix: ${prefix} }\ncache: { enabled: true }`,
        ].join('\n'),
      })
    const services = await Promise.all([
      replica(upstream.url, 'one'),
      replica(upstream.url, 'one'),
      replica(upstream.url, 'two'),
      replica(elsewhere.url, 'one'),
    ])
    try {
      const results: (string | null)[] = []
      for (const service of services) {
        await eventually(() => service.output().includes('the shared store is there'), 'a connection')
        const told = await post(service.url, '/v1/chat/completions', chatBody('openai/echo', 'shared'))
        results.push(told.headers.get('x-ai-cache'))
        // The answer is with its client before it is with the store.
        const isKept = async (): Promise<boolean> => {
          const only = { 'x-ai-cache': 'only' }
          return (
            (await post(service.url, '/v1/chat/completions', chatBody('openai/echo', 'shared'), only)).status === 200
          )
        }
        await eventually(isKept, 'the answer in the store')
      }
      expect(results).toEqual(['miss', 'hit', 'miss', 'miss'])
    } finally {
      for (const service of services) await service.stop()
      await upstream.close()
      await elsewhere.close()
    }
  })
})

interface Said {
  text: string
  reasoning: string
  args: string
  finish: string
  total: number
}

function saidBy(text: string): Said {
  const answer = JSON.parse(text)
  const { message, finish_reason: finish } = answer.choices[0]
  return {
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    args: message.tool_calls?.[0].function.arguments ?? '',
    finish,
    total: answer.usage?.total_tokens ?? 0,
  }
}

function joined(stream: string): Said {
  const said: Said = { text: '', reasoning: '', args: '', finish: '', total: 0 }
  const events = eventsIn(stream)
  expect(events.at(-1)).toBe('[DONE]')
  for (const event of events.slice(0, -1)) {
    const { choices, usage } = JSON.parse(event)
    said.total = usage?.total_tokens ?? said.total
    const [choice] = choices
    if (choice === undefined) continue
    said.text += choice.delta.content ?? ''
    said.reasoning += choice.delta.reasoning_content ?? ''
    said.args += choice.delta.tool_calls?.[0]?.function?.arguments ?? ''
    said.finish = choice.finish_reason ?? said.finish
  }
  return said
}
