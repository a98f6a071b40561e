// The seed's "Prometheus metrics": a class of one's own in a dozen lines, the library's own one, and the service's series.
import { execFileSync } from 'node:child_process'
import { AiClient, Message, type Metrics, PrometheusMetrics, Provider, startTimer } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { needs } from '../require.ts'

const ping = { model: 'echo', messages: [Message.user('ping')] }
let upstream: Simulator
const clients: AiClient[] = []

beforeAll(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
})
afterAll(() => upstream.close())

function open(metrics: Partial<Metrics>): AiClient {
  const options = { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-test', maxRetries: 0, metrics }
  const client = new AiClient(Provider.OpenAI, options)
  clients.push(client)
  return client
}

async function callEveryWay(client: AiClient): Promise<void> {
  await client.chatCompletion(ping)
  for await (const _event of client.chatCompletionStream(ping)) continue
  upstream.enqueue({ kind: 'status', status: 500 })
  await client.chatCompletion(ping).catch(() => undefined)
  await client.chatCompletionBatch([ping, ping])
}

describe('the library', () => {
  // What the seed writes in Rust, with a counter and a histogram that stand for any client of Prometheus.
  class SeedMetrics implements Partial<Metrics> {
    readonly requestCounter = { total: 0, inc: (by: number) => void (this.requestCounter.total += by) }
    readonly requestDuration = { observed: [] as number[] }

    async incrCounter(name: string, value = 1): Promise<void> {
      if (name === 'ai_requests_total') this.requestCounter.inc(value)
    }

    async startTimer(_name: string) {
      return startTimer((elapsedMs) => this.requestDuration.observed.push(elapsedMs / 1_000))
    }
  }

  test('a struct of one’s own hears of every request, asynchronous as it is', async () => {
    const metrics = new SeedMetrics()
    await callEveryWay(open(metrics))
    await new Promise((resolve) => setImmediate(resolve))
    expect(metrics.requestCounter.total).toBe(5)
    expect(metrics.requestDuration.observed).toHaveLength(5)
    for (const seconds of metrics.requestDuration.observed) expect(seconds).toBeGreaterThan(0)
  })

  test('PrometheusMetrics has requests, durations, first tokens, tokens, attempts, errors and batches with labels', async () => {
    const metrics = new PrometheusMetrics()
    await callEveryWay(open(metrics))
    const text = metrics.render()
    const target = 'code="none",endpoint="openai",model="echo",outcome="completed",provider="openai"'
    expect(text).toContain(`ai_requests_total{${target},stream="false"} 3\n`)
    expect(text).toContain(`ai_requests_total{${target},stream="true"} 1\n`)
    expect(text).toContain('ai_errors_total{code="provider_failed",model="echo",provider="openai"} 1\n')
    expect(text).toContain('ai_attempts_total{endpoint="openai",outcome="answered",provider="openai"} 4\n')
    expect(text).toContain('ai_request_duration_seconds_count{provider="openai",stream="true"} 1\n')
    expect(text).toContain('ai_time_to_first_token_seconds_count{model="echo",provider="openai"} 1\n')
    expect(text).toMatch(/ai_tokens_used_total\{kind="output",model="echo",provider="openai"\} [1-9]/)
    expect(text).toContain('ai_batches_total{outcome="completed"} 1\n')
    expect(text).toContain('ai_streams_open 0\n')
    expect(text).not.toContain('sk-test')
  })

  test('two clients of one process do not see each other’s', async () => {
    const [one, other] = [new PrometheusMetrics(), new PrometheusMetrics()]
    await open(one).chatCompletion(ping)
    open(other)
    expect(one.render()).toContain('ai_requests_total')
    expect(other.render()).toBe('')
  })
})

describe('the service', () => {
  let simulated: Simulated

  beforeAll(async () => {
    simulated = await startSimulated({ yaml: 'limits: [ { for: global, requests: 3/10m } ]' })
    simulated.openai.setDefault({ kind: 'answer', text: 'pong', usage: { inputTokens: 1_000_000, outputTokens: 0 } })
    await ask('openai/gpt-4o', {})
    await ask('openai/gpt-4o', { stream: true })
    await ask('anthropic/echo', { seed: 7 })
    await ask('openai/gpt-4o', {})
  })
  afterAll(() => simulated.stop())

  async function ask(model: string, more: object): Promise<number> {
    const response = await fetch(`${simulated.service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'ping' }], ...more }),
    })
    await response.text()
    return response.status
  }

  async function scrape(): Promise<string> {
    return (await fetch(`${simulated.service.metricsUrl}/metrics`)).text()
  }

  test('counts requests, tokens, attempts, durations and errors', async () => {
    const text = await scrape()
    const target = 'provider="openai",model="gpt-4o",endpoint="openai",dialect="openai-chat",status="200",code="none"'
    expect(text).toContain(`ai_requests_total{${target}} 2\n`)
    expect(text).toContain('ai_tokens_used_total{provider="openai",model="gpt-4o",kind="input"} 2000000\n')
    expect(text).toContain('ai_attempts_total{endpoint="openai",outcome="answered"} 2\n')
    expect(text).toMatch(/ai_time_to_first_token_seconds_count\{provider="openai",model="gpt-4o"\} 1\n/)
    expect(text).toContain('ai_errors_total{code="policy_rate_limited"} 1\n')
  })

  test('counts money by the prices of the catalogue', async () => {
    expect(await scrape()).toContain('ai_cost_usd_total{provider="openai",model="gpt-4o",team="none"} 5\n')
  })

  test('an answer of the cache costs nothing', async () => {
    const cached = await startSimulated({ yaml: 'cache: { enabled: true }' })
    cached.openai.setDefault({ kind: 'answer', text: 'pong', usage: { inputTokens: 1_000_000, outputTokens: 0 } })
    const results: (string | null)[] = []
    for (let turn = 0; turn < 3; turn++) {
      const response = await fetch(`${cached.service.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'openai/gpt-4o', messages: [{ role: 'user', content: 'ping' }] }),
      })
      await response.text()
      results.push(response.headers.get('x-ai-cache'))
    }
    const text = await (await fetch(`${cached.service.metricsUrl}/metrics`)).text()
    await cached.stop()
    expect(results).toEqual(['miss', 'hit', 'hit'])
    expect(text).toContain('ai_cost_usd_total{provider="openai",model="gpt-4o",team="none"} 2.5\n')
  })

  test('counts what limits refuse, and what translation loses', async () => {
    const text = await scrape()
    expect(text).toContain('ai_limit_rejections_total{limit="global requests"} 1\n')
    expect(text).toContain('ai_losses_total{path="seed"} 1\n')
  })

  test('shows which configuration serves, as the log and `check` do', async () => {
    const hash = /ai_config_version_info\{hash="(\w+)"\} 1\n/.exec(await scrape())?.[1]
    expect(hash).toBeDefined()
    expect(simulated.service.output()).toContain(`"config_version":"${hash}"`)
  })

  needs('promtool')('read by Prometheus itself', () => {
    const check = (text: string): string =>
      execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })

    test('`promtool check metrics` has nothing to say about the service', async () => {
      expect(check(await scrape())).toBe('')
    })

    test('nor about the library', async () => {
      const metrics = new PrometheusMetrics()
      await callEveryWay(open(metrics))
      expect(check(metrics.render())).toBe('')
    })

    test('it would say so: a counter without its ending is named', () => {
      expect(() => check('# HELP a A.\n# TYPE a counter\na 1\n')).toThrow(/_total/)
    })
  })
})
