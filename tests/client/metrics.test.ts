// An application's metrics hear of every call: answers, streams, errors, batches, attempts; and can break none.
import {
  AiClient,
  AiError,
  Message,
  type Metrics,
  type MetricTags,
  Provider,
  PrometheusMetrics,
  ResponseCache,
} from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, expect, test } from 'vitest'

let upstream: Simulator
const clients: AiClient[] = []
const ping = { model: 'echo', messages: [Message.user('one two three')] }

beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await upstream.close()
})

function open(metrics: Partial<Metrics>): AiClient {
  const client = new AiClient(Provider.OpenAI, {
    baseUrl: `${upstream.url}/v1`,
    apiKey: 'sk-test',
    maxRetries: 1,
    metrics,
  })
  clients.push(client)
  return client
}

/** Everything that is recorded, one line each. */
class Recorder implements Metrics {
  readonly lines: string[] = []
  #note(kind: string, name: string, value: number | string, tags: MetricTags = {}): void {
    const labels = Object.entries(tags).map(([tag, text]) => `${tag}=${text}`)
    this.lines.push([kind, name, value, ...labels].join(' '))
  }
  incrCounter(name: string, value = 1, tags?: MetricTags): void {
    this.#note('counter', name, value, tags)
  }
  recordGauge(name: string, value: number, tags?: MetricTags): void {
    this.#note('gauge', name, value, tags)
  }
  recordHistogram(name: string, value: number, tags?: MetricTags): void {
    this.#note('histogram', name, value > 0 ? 'positive' : value, tags)
  }
  recordError(code: string, tags?: MetricTags): void {
    this.#note('error', code, '', tags)
  }
  recordSuccess(tags?: MetricTags): void {
    this.#note('success', '', '', tags)
  }
  startTimer(name: string, tags?: MetricTags): { stop(): void } {
    return { stop: () => this.#note('timer', name, 'stopped', tags) }
  }
}

test('a whole answer', async () => {
  const metrics = new Recorder()
  await open(metrics).chatCompletion(ping)
  expect(metrics.lines).toEqual([
    'counter ai_attempts_total 1 provider=openai endpoint=openai outcome=answered',
    'timer ai_request_duration_seconds stopped provider=openai stream=false',
    'counter ai_requests_total 1 provider=openai model=echo endpoint=openai stream=false outcome=completed code=none',
    'success   provider=openai model=echo',
    expect.stringMatching(/^counter ai_tokens_used_total \d+ provider=openai model=echo kind=input$/),
    expect.stringMatching(/^counter ai_tokens_used_total \d+ provider=openai model=echo kind=output$/),
  ])
})

test('a stream: how many are open, first token, end, tokens', async () => {
  const metrics = new Recorder()
  for await (const _event of open(metrics).chatCompletionStream(ping)) continue
  expect(metrics.lines).toEqual([
    'gauge ai_streams_open 1',
    'counter ai_attempts_total 1 provider=openai endpoint=openai outcome=answered',
    'histogram ai_time_to_first_token_seconds positive provider=openai model=echo',
    'gauge ai_streams_open 0',
    'timer ai_request_duration_seconds stopped provider=openai stream=true',
    'counter ai_requests_total 1 provider=openai model=echo endpoint=openai stream=true outcome=completed code=none',
    'success   provider=openai model=echo',
    expect.stringContaining('kind=input'),
    expect.stringContaining('kind=output'),
  ])
})

test.each([
  ['whose reader leaves', 'cancelled', 'caller_left'],
  ['that is cut', 'truncated', 'provider_truncated'],
])('a stream %s', async (_what, outcome, code) => {
  upstream.enqueue({ kind: 'cut', afterEvents: 3, answer: { kind: 'answer', text: 'a b c d e f g h i' } })
  const metrics = new Recorder()
  try {
    for await (const event of open(metrics).chatCompletionStream(ping))
      if (event.type === 'part-delta' && outcome === 'cancelled') break
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AiError)
  }
  expect(metrics.lines.filter((line) => line.includes('ai_requests_total'))).toEqual([
    `counter ai_requests_total 1 provider=openai model=echo endpoint=openai stream=true outcome=${outcome} code=${code}`,
  ])
  expect(metrics.lines).toContain('gauge ai_streams_open 0')
})

test('an error, with each attempt', async () => {
  upstream.setDefault({ kind: 'status', status: 500 })
  const metrics = new Recorder()
  await expect(open(metrics).chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_failed' })
  expect(metrics.lines.filter((line) => line.includes('ai_attempts_total'))).toHaveLength(2)
  expect(metrics.lines).toContain('error provider_failed  provider=openai model=echo')
  expect(metrics.lines).toContain(
    'counter ai_requests_total 1 provider=openai model=echo endpoint=openai stream=false outcome=failed code=provider_failed',
  )
})

test('a batch, and each of its requests', async () => {
  upstream.enqueue({ kind: 'status', status: 400 })
  const metrics = new Recorder()
  const results = await open(metrics).chatCompletionBatch([ping, ping, ping], { concurrency: 1 })
  expect(results.map(({ kind }) => kind)).toEqual(['failed', 'answered', 'answered'])
  expect(metrics.lines.filter((line) => line.startsWith('counter ai_requests_total'))).toHaveLength(3)
  expect(metrics.lines.slice(-2)).toEqual([
    'counter ai_batches_total 1 outcome=partial',
    'histogram ai_batch_requests positive',
  ])
})

test('an answer of the cache: a request without attempts and tokens', async () => {
  const metrics = new Recorder()
  const options = { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-test', metrics, cache: new ResponseCache() }
  const client = new AiClient(Provider.OpenAI, options)
  clients.push(client)
  await client.chatCompletion(ping)
  const before = metrics.lines.length
  await client.chatCompletion(ping)
  expect(metrics.lines[0]).toBe('counter ai_cache_total 1 result=miss')
  expect(metrics.lines.slice(before)).toEqual([
    'counter ai_cache_total 1 result=hit',
    'timer ai_request_duration_seconds stopped provider=openai stream=false',
    'counter ai_requests_total 1 provider=openai model=echo endpoint=openai stream=false outcome=completed code=none',
    'success   provider=openai model=echo',
  ])
})

test('metrics that throw or reject cost no request its answer', async () => {
  const broken: Partial<Metrics> = {
    incrCounter: () => Promise.reject(new Error('rejected')),
    recordSuccess: () => {
      throw new Error('thrown')
    },
    startTimer: () => {
      throw new Error('thrown')
    },
  }
  expect((await open(broken).chatCompletion(ping)).firstText()).toBe('one two three')
})

test('metrics that never come to an end hold up nothing', async () => {
  const stuck: Partial<Metrics> = {
    incrCounter: () => new Promise(() => undefined),
    startTimer: () => new Promise(() => undefined),
  }
  expect((await open(stuck).chatCompletion(ping)).firstText()).toBe('one two three')
})

test('models that nobody can count do not fill memory', async () => {
  const metrics = new PrometheusMetrics({ maxSeries: 4 })
  const client = open(metrics)
  upstream.setDefault({ kind: 'answer', text: 'x' })
  await client.chatCompletionBatch(Array.from({ length: 30 }, (_, index) => ({ ...ping, model: `model-${index}` })))
  const lines = metrics.render().split('\n')
  expect(lines.filter((line) => line.startsWith('ai_requests_total{'))).toHaveLength(5)
  expect(lines.find((line) => line.startsWith('ai_requests_total{') && line.includes('model="other"'))).toMatch(/ 26$/)
})
