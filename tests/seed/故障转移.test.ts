// Failover: chains across providers and dialects, the right model at each, only where another may help, and never mid-answer.
import { AiClient, AiError, type ChatCompletionEvent, Message, Provider } from 'ai-lib'
import { type Behaviour, type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, logLines, looksComplete, metricsOf, paths, post } from '../faults/asking.ts'
import { openBlackhole } from '../kit/blackhole.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'

let openai: Simulator
let anthropic: Simulator
let groq: Simulator
const open: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  openai = await startSimulator()
  anthropic = await startSimulator()
  groq = await startSimulator()
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  for (const one of [openai, anthropic, groq]) await one.close()
})

const away: Behaviour = { kind: 'status', status: 503 }
const failures: readonly (readonly [string, Behaviour])[] = [
  ['500', { kind: 'status', status: 500 }],
  ['overload (529)', { kind: 'status', status: 529 }],
  ['429', { kind: 'status', status: 429 }],
  ['our key refused (401)', { kind: 'status', status: 401 }],
  ['no such model (404)', { kind: 'status', status: 404 }],
  ['a reset', { kind: 'reset', at: 'head' }],
  ['nonsense', { kind: 'garbage', what: 'html' }],
]
const modelAt = ({ requests }: Simulator, at = 0): unknown => JSON.parse(String(requests[at]?.body) || '{}').model
const counts = (): readonly number[] => [openai, anthropic, groq].map(({ requests }) => requests.length)

function chain(more: ConstructorParameters<typeof AiClient>[1] = {}): AiClient {
  const client = AiClient.withFailover(
    [
      { provider: Provider.OpenAI, baseUrl: `${openai.url}/v1`, apiKey: 'sk-openai-0123456789' },
      { provider: Provider.Anthropic, baseUrl: anthropic.url, apiKey: 'sk-ant-0123456789' },
      { provider: Provider.Groq, baseUrl: `${groq.url}/openai/v1`, apiKey: 'gsk-0123456789' },
    ],
    more,
  )
  open.push(() => client.close())
  return client
}
const hello = [Message.user('carry this over')]

describe('the library', () => {
  test('takes the sample of the document: three providers, the next where one cannot answer', async () => {
    const kept = { ...process.env }
    Object.assign(process.env, {
      OPENAI_API_KEY: 'sk-openai-0123456789',
      OPENAI_BASE_URL: `${openai.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant-0123456789',
      ANTHROPIC_BASE_URL: anthropic.url,
      GROQ_API_KEY: 'gsk-0123456789',
    })
    try {
      const client = AiClient.withFailover([Provider.OpenAI, Provider.Anthropic, Provider.Groq])
      open.push(() => client.close())
      openai.setDefault(away)
      const answer = await client.chatCompletion({ messages: hello })
      expect([answer.provider, answer.firstText()]).toEqual(['anthropic', 'carry this over'])
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
      Object.assign(process.env, kept)
    }
  })

  test('each provider is asked for a model of its own, in its own dialect, with its own key', async () => {
    openai.setDefault(away)
    anthropic.setDefault(away)
    const answer = await chain().chatCompletion({ model: 'gpt-4o', messages: hello })
    expect(answer.provider).toBe('groq')
    expect(modelAt(openai)).toBe('gpt-4o')
    expect(String(modelAt(anthropic))).toMatch(/^claude/)
    expect(modelAt(groq)).not.toMatch(/gpt-4o|claude/)
    expect(anthropic.requests[0]).toMatchObject({ path: '/v1/messages', headers: { 'x-api-key': 'sk-ant-0123456789' } })
    expect(groq.requests[0]).toMatchObject({ headers: { authorization: 'Bearer gsk-0123456789' } })
  })

  test.each(failures)('%s sends it on, whole and streamed', async (_name, behaviour) => {
    openai.setDefault(behaviour)
    const client = chain()
    expect((await client.chatCompletion({ messages: hello })).provider).toBe('anthropic')
    let text = ''
    for await (const event of client.chatCompletionStream({ messages: hello }))
      if (event.type === 'part-delta') text += event.text
    expect(text).toBe('carry this over')
  })

  test.each([400, 413, 422])('%i is the request’s own fault: nobody else is asked', async (status) => {
    openai.setDefault({ kind: 'status', status })
    await expect(chain().chatCompletion({ messages: hello })).rejects.toMatchObject({ status })
    expect(counts()).toEqual([1, 0, 0])
  })

  test('all are tried once, three attempts at most, and the error says that they are spent', async () => {
    for (const one of [openai, anthropic, groq]) one.setDefault(away)
    await expect(chain().chatCompletion({ messages: hello })).rejects.toMatchObject({ details: { exhausted: true } })
    expect(counts()).toEqual([1, 1, 1])
  })

  test('a stream goes on elsewhere before its first word, and never after it', async () => {
    openai.enqueue({ kind: 'cut', afterEvents: 1, how: 'fin' })
    const client = chain()
    const whole: ChatCompletionEvent[] = []
    for await (const event of client.chatCompletionStream({ messages: hello })) whole.push(event)
    expect(whole.at(-1)?.type).toBe('message-end')
    expect(counts()).toEqual([1, 1, 0])

    openai.enqueue({ kind: 'cut', afterEvents: 6, how: 'fin', answer: { kind: 'answer', text: 'a b c d e f g h' } })
    let heard = ''
    const broken = (async () => {
      for await (const event of client.chatCompletionStream({ messages: hello }))
        if (event.type === 'part-delta') heard += event.text
    })()
    await expect(broken).rejects.toMatchObject({ code: 'provider_truncated' })
    expect(heard).toMatch(/^a b/)
    expect(counts()).toEqual([2, 1, 0])
  })

  test('an outage costs five attempts, then the first provider is left alone', async () => {
    openai.setDefault(away)
    const client = chain()
    for (let at = 0; at < 20; at++)
      expect((await client.chatCompletion({ messages: hello })).provider).toBe('anthropic')
    expect(counts()).toEqual([5, 20, 0])
  })
})

async function service(yaml: string, server = '', urls: { one?: string } = {}): Promise<RunningService> {
  const running = await startService({
    server,
    env: { KEY: 'key-0123456789' },
    yaml: [
      'providers:',
      `  one: { kind: openai-compatible, baseUrl: "${urls.one ?? `${openai.url}/v1`}", private: true, keys: [ { secret: env:KEY } ], timeouts: { connect: 1s } }`,
      `  two: { kind: anthropic, baseUrl: "${anthropic.url}", private: true, keys: [ { secret: env:KEY } ] }`,
      `  three: { kind: openai-compatible, baseUrl: "${groq.url}/v1", private: true, keys: [ { secret: env:KEY } ] }`,
      yaml,
    ].join('\n'),
  })
  open.push(() => running.stop())
  return running
}
const prod = `models:
  prod:
    endpoints: [ { name: east, provider: one, model: model-of-one } ]
    fallbacks: [ two/claude-sonnet-4-5, spare ]
  spare: { endpoints: [ { name: only, provider: three, model: model-of-three } ] }
`

describe('the service', () => {
  test.each(failures)(
    'F1 %s: the chain goes on across dialects with the model of each hop',
    async (_name, behaviour) => {
      for (const stream of [false, true]) {
        for (const one of [openai, anthropic]) one.setDefault(behaviour)
        const { url } = await service(prod)
        const { status, headers, text } = await post(url, paths.openai, chatBody('prod', 'carried', { stream }))
        expect([status, headers.get('x-ai-endpoint'), headers.get('x-ai-attempts')]).toEqual([200, 'spare/only', '3'])
        expect(headers.get('x-ai-model')).toBe('model-of-three')
        expect(text).toContain('carried')
        if (stream) expect(looksComplete(text)).toBe(true)
        expect([openai, anthropic, groq].map((one) => modelAt(one, one.requests.length - 1))).toEqual([
          'model-of-one',
          'claude-sonnet-4-5',
          'model-of-three',
        ])
      }
    },
  )

  test('F11 an error event before the first word goes on; after it the stream ends in an error, and nobody else is asked', async () => {
    const { url } = await service(prod)
    openai.enqueue({ kind: 'error-in-stream', afterEvents: 1 })
    const before = await post(url, paths.openai, chatBody('prod', 'hello', { stream: true }))
    expect([before.status, before.headers.get('x-ai-attempts'), looksComplete(before.text)]).toEqual([200, '2', true])
    const asked = counts()
    openai.enqueue({ kind: 'error-in-stream', afterEvents: 5, answer: { kind: 'answer', text: 'a b c d e f g h' } })
    const after = await post(url, paths.openai, chatBody('prod', 'hello', { stream: true }))
    expect(after.headers.get('x-ai-attempts')).toBe('1')
    expect(after.text).toContain('"error"')
    expect(looksComplete(after.text)).toBe(false)
    expect(counts()).toEqual([(asked[0] ?? 0) + 1, asked[1], asked[2]])
  })

  test('F9 a stream that breaks in the middle each time counts against its endpoint: it is left out', async () => {
    const running = await service(prod)
    openai.setDefault({
      kind: 'cut',
      how: 'close-delimited',
      afterEvents: 5,
      answer: { kind: 'answer', text: 'a b c d e f g h' },
    })
    for (let at = 0; at < 5; at++) {
      const { text } = await post(running.url, paths.openai, chatBody('prod', 'hello', { stream: true }))
      expect(looksComplete(text)).toBe(false)
    }
    const { text, headers } = await post(running.url, paths.openai, chatBody('prod', 'hello', { stream: true }))
    expect([headers.get('x-ai-endpoint'), looksComplete(text)]).toEqual(['two', true])
    expect(openai.requests).toHaveLength(5)
    expect(await metricsOf(running)).toContain('ai_breaker_state{endpoint="prod/east"} 2')
    const told = (): readonly Record<string, unknown>[] =>
      logLines(running).filter(({ message }) => message === 'an endpoint keeps failing and is left alone')
    await eventually(() => told().length > 0, 'the log says so')
    expect(told()).toMatchObject([{ level: 'warn', endpoints: ['prod/east'], model: 'model-of-one', seconds: 30 }])
  })

  test('one deadline holds over all hops', async () => {
    const { url } = await service(prod)
    // oxlint-disable-next-line unicorn/no-thenable -- the simulator's word for what comes after a delay
    for (const one of [openai, anthropic, groq]) one.setDefault({ kind: 'delay', ms: 250, then: away })
    const startedMs = Date.now()
    const told = await post(url, paths.openai, chatBody('prod'), { 'x-ai-timeout-ms': '400' })
    expect(told.status).toBeGreaterThanOrEqual(502)
    expect(Date.now() - startedMs).toBeLessThan(2_000)
    expect(counts()).toEqual([1, 1, 0])
  })

  test('F5 a refused connection and a silent one are ejected: the next request does not wait for them', async () => {
    const hole = await openBlackhole()
    const addresses = [`http://127.0.0.1:${await freePort()}/v1`, ...(hole ? [`http://127.0.0.1:${hole.port}/v1`] : [])]
    if (hole) open.push(() => hole.close())
    for (const one of addresses) {
      const running = await service(prod, '', { one })
      // All at once: a silent address costs its connect timeout, and that only once.
      await Promise.all(Array.from({ length: 6 }, () => post(running.url, paths.openai, chatBody('prod'))))
      const { status, headers } = await post(running.url, paths.openai, chatBody('prod'))
      expect([status, headers.get('x-ai-endpoint'), headers.get('x-ai-attempts')]).toEqual([200, 'two', '1'])
      expect(await metricsOf(running)).toContain('ai_endpoint_healthy{endpoint="prod/east"} 0')
    }
  })

  test('F16 with all providers away: one trial at a time, the others are told within 100 ms; live and ready stay green', async () => {
    const { url } = await service(prod)
    for (const one of [openai, anthropic, groq]) one.setDefault(away)
    for (let at = 0; at < 6; at++) await post(url, paths.openai, chatBody('prod'))
    for (const one of [openai, anthropic, groq]) one.setDefault({ kind: 'delay', ms: 60_000 })
    const trials = Array.from({ length: 3 }, () => post(url, paths.openai, chatBody('prod')).catch(() => undefined))
    const before = counts().reduce((sum, count) => sum + count)
    await eventually(() => counts().reduce((sum, count) => sum + count) >= before + 3, 'each target has its trial')
    const tookMs: number[] = []
    for (let at = 0; at < 9; at++) {
      const startedMs = performance.now()
      const told = await post(url, paths.openai, chatBody('prod'))
      tookMs.push(performance.now() - startedMs)
      expect([told.status, told.error.code, told.headers.get('retry-after')]).toEqual([
        503,
        'service_breaker_open',
        '1',
      ])
    }
    // The median: a machine that is busy with other tests must not decide.
    expect(tookMs.toSorted((left, right) => left - right)[4]).toBeLessThan(100)
    for (const path of ['/health/live', '/health/ready']) expect((await fetch(`${url}${path}`)).status).toBe(200)
    for (const one of [openai, anthropic, groq]) one.setDefault(undefined)
    for (const close of open.splice(0)) await close()
    await Promise.all(trials)
  })

  test('F16 a provider that is back is found by the first request', async () => {
    const { url } = await service(prod)
    for (const one of [openai, anthropic, groq]) one.setDefault(away)
    for (let at = 0; at < 10; at++) await post(url, paths.openai, chatBody('prod'))
    for (const one of [openai, anthropic, groq]) one.setDefault(undefined)
    for (let at = 0; at < 3; at++) expect((await post(url, paths.openai, chatBody('prod'))).status).toBe(200)
  })

  test('T28 under total failure the upstreams get at most 1.1 times the offered load, and three attempts per request', async () => {
    const { url } = await service(prod, '  maxRetries: 2\n')
    for (const one of [openai, anthropic, groq]) one.setDefault(away)
    const total = (): number => counts().reduce((sum, count) => sum + count)
    for (let at = 0; at < 20; at++) {
      const before = total()
      const { headers } = await post(url, paths.openai, chatBody('prod'))
      expect(total() - before).toBeLessThanOrEqual(3)
      expect(Number(headers.get('x-ai-attempts'))).toBe(total() - before)
    }
    const before = total()
    for (let at = 0; at < 200; at++) await post(url, paths.openai, chatBody('prod'))
    expect((total() - before) / 200).toBeLessThanOrEqual(1.1)
  })

  test.each([400, 422])('F4 %i trips nothing, however often', async (status) => {
    const running = await service(prod)
    openai.setDefault({ kind: 'status', status })
    for (let at = 0; at < 10; at++)
      expect((await post(running.url, paths.openai, chatBody('prod'))).status).toBe(status)
    expect(counts()).toEqual([10, 0, 0])
    expect(await metricsOf(running)).toContain('ai_breaker_state{endpoint="prod/east"} 0')
  })

  test('clients that leave, and deadlines of their own, trip nothing', async () => {
    const running = await service(prod)
    openai.setDefault({ kind: 'delay', ms: 2_000 })
    for (let at = 0; at < 8; at++) {
      const signal = AbortSignal.timeout(30)
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: chatBody('prod'), signal }
      await fetch(`${running.url}${paths.openai}`, init).catch(() => undefined)
    }
    for (let at = 0; at < 8; at++) await post(running.url, paths.openai, chatBody('prod'), { 'x-ai-timeout-ms': '20' })
    expect(await metricsOf(running)).toContain('ai_breaker_state{endpoint="prod/east"} 0')
  })

  test('a circle of fallbacks is refused at the start, with its line', async () => {
    const circle = `models:
  a: { endpoints: [ { provider: one, model: x } ], fallbacks: [ b ] }
  b: { endpoints: [ { provider: one, model: y } ], fallbacks: [ a ] }
`
    await expect(service(circle)).rejects.toThrow(/:\d+:\d+ models\.b\.fallbacks\.0: found a circle: a -> b -> a/)
  })
})

test('an empty chain, an unknown provider and one key for several vendors are refused by name', () => {
  for (const make of [
    () => AiClient.withFailover([]),
    () => AiClient.withFailover(['opnai' as 'openai']),
    () => AiClient.withFailover([Provider.OpenAI, Provider.Groq], { apiKey: 'sk-0123456789' }),
  ])
    expect(make).toThrow(AiError)
})
