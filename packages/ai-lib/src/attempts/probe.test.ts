// A probe against a hand-written network: what it sends, what its answers mean, and how it repeats.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Secret } from '../errors/secret.ts'
import { providerSpecs } from '../providers/registry.ts'
import { FakeClock, type FakeFlight, fakeChannel, tickingClock, wholeAnswer } from './attempt.test.kit.ts'
import { EndpointHealth } from './endpoint-health.ts'
import { KeyPool } from './key-pool.ts'
import { probe, type ProbeKind, type ProbePlan } from './probe.ts'
import { ProbeTimer } from './probe-timer.ts'
import { RetryBudget } from './retry-budget.ts'

type Answerer = (flight: FakeFlight) => void
const answer =
  (status: number, body: unknown = { error: { message: 'no' } }): Answerer =>
  (flight) =>
    queueMicrotask(() => flight.answer(status, body))

function planned(kind: ProbeKind, reply: Answerer, provider = 'openai', keys = ['k1']) {
  const spec = providerSpecs.get(provider)
  if (!spec) throw new Error(provider)
  const { channel, flights } = fakeChannel(reply)
  const pool = new KeyPool(keys.map((name) => ({ name, secret: new Secret(`sk-${name}`) })))
  const timeouts = { headMs: 5_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 60_000 }
  const basePath = provider === 'openai' ? '/v1' : ''
  const upstream = { spec, channel, basePath, headers: { 'x-own': 'h' }, keys: pool, timeouts }
  const plan: ProbePlan = {
    upstream: { ...upstream, retryBudget: new RetryBudget() },
    model: 'some-model',
    kind,
    timeoutMs: 5_000,
  }
  return { plan, flights, pool }
}
const run = (plan: ProbePlan) => probe(plan, new FakeClock(), new AbortController().signal)

describe('a probe', () => {
  it('of kind models fetches the list, with the key and the headers of traffic', async () => {
    const { plan, flights } = planned('models', answer(200, { data: [] }))
    expect(await run(plan)).toBe('passed')
    expect(flights[0]?.request).toMatchObject({
      method: 'GET',
      path: '/v1/models',
      headers: { authorization: 'Bearer sk-k1', 'x-own': 'h' },
    })
    expect(flights[0]?.request.body).toBeUndefined()
  })

  it('finds the list of a provider of another dialect', async () => {
    const { plan, flights } = planned('models', answer(200, { data: [] }), 'anthropic')
    await run(plan)
    expect(flights[0]?.request.path).toMatch(/^\/v1\/models/)
    expect(flights[0]?.request.headers).toMatchObject({ 'x-api-key': 'sk-k1', 'anthropic-version': expect.any(String) })
  })

  it('of kind chat asks the endpoint’s own model for a word, with room to think', async () => {
    const { plan, flights } = planned('chat', answer(200, wholeAnswer))
    expect(await run(plan)).toBe('passed')
    const body: unknown = JSON.parse(Buffer.concat([flights[0]?.request.body ?? []].flat()).toString())
    expect(body).toMatchObject({ model: 'some-model', messages: [{ role: 'user', content: 'ping' }] })
    expect(JSON.stringify(body)).toMatch(/"max\w*_tokens":256/)
  })

  it.each([
    [500, 'failed'],
    [503, 'failed'],
    [400, 'passed'],
    [401, 'passed'],
    [404, 'passed'],
    [429, 'passed'],
  ])('answered with %i has %s: what lives and refuses is alive', async (status, result) => {
    for (const kind of ['models', 'chat'] as const) expect(await run(planned(kind, answer(status)).plan)).toBe(result)
  })

  it('that is refused takes a key out only where it chats: a key need not be allowed to list', async () => {
    const states = async (kind: ProbeKind) => {
      const { plan, pool } = planned(kind, answer(403))
      await run(plan)
      return pool.states()[0]?.state.kind
    }
    expect([await states('models'), await states('chat')]).toEqual(['ready', 'quarantined'])
  })

  it('without a key that it needs, or without a free connection, says nothing', async () => {
    expect(await run(planned('models', answer(500), 'openai', []).plan)).toBe('void')
    expect(await run(planned('models', (flight) => flight.fail('queue-full')).plan)).toBe('void')
  })

  it('that cannot connect, or gets something else than an answer, has failed', async () => {
    expect(await run(planned('models', (flight) => flight.fail('refused')).plan)).toBe('failed')
    const html: Answerer = (flight) => queueMicrotask(() => flight.head(200, { 'content-type': 'text/html' }))
    expect(await run(planned('models', html).plan)).toBe('failed')
  })
})

describe('a timer of probes', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const start = (reply: Answerer) => {
    const { plan, flights } = planned('models', reply)
    const health = new EndpointHealth()
    const timer = new ProbeTimer(plan, health, 10_000, { clock: tickingClock(), random: () => 0.5 })
    return { timer, flights, health }
  }

  it('asks once per interval, never two at a time, and not at all once closed', async () => {
    const { timer, flights } = start(() => undefined)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(flights).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(flights).toHaveLength(1)
    // Its own time limit ends it; the next one follows an interval later.
    await vi.advanceTimersByTimeAsync(10_200)
    expect(flights).toHaveLength(2)
    timer.close()
    expect(flights[1]?.isDestroyed).toBe(true)
    await vi.advanceTimersByTimeAsync(100_000)
    expect(flights).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes an endpoint out after two failures in a row, and brings it back with the first success', async () => {
    let status = 500
    const { timer, health } = start((flight) => answer(status, { data: [] })(flight))
    await vi.advanceTimersByTimeAsync(5_100)
    expect(health.breaker.kind).toBe('closed')
    await vi.advanceTimersByTimeAsync(10_100)
    expect(health.breaker.kind).toBe('open')
    status = 200
    await vi.advanceTimersByTimeAsync(10_100)
    expect(health.breaker.kind).toBe('closed')
    timer.close()
  })
})
