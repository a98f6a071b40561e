// The loop and the breakers: who gets nothing, who gets a trial, and what a caller can never trip.
import { describe, expect, it } from 'vitest'
import { type Answerer, errorOf, type Hop, hop, keysUsed, ok, outcomes, run, status } from './attempt-loop.test.kit.ts'
import { frames, wholeAnswer } from './attempt.test.kit.ts'

describe('breakers', () => {
  const trip = ({ target }: Hop): void => {
    for (let at = 0; at < 5; at++) target.health.ended('failed', target.health.begin(1_000), 1_000)
  }

  it('a target that failed five times in a row gets nothing while another is well', async () => {
    const [a, b] = [hop('a', status(503)), hop('b', ok)]
    for (let at = 0; at < 5; at++) await run([a, b])
    const before = a.flights.length
    for (let at = 0; at < 20; at++) expect(outcomes(await run([a, b]))).toEqual(['b answered'])
    expect([before, a.flights.length]).toEqual([5, 5])
  })

  it.each([400, 404, 413, 422, 429, 401])('%i trips nothing', async (code) => {
    const a = hop('a', status(code), ['k1'])
    for (let at = 0; at < 20; at++) await run([a])
    expect(a.target.health.breaker.kind).toBe('closed')
  })

  it('T28 while the last target is failing, one trial at a time passes; the others are told when to come back', async () => {
    const a = hop('a', () => undefined)
    trip(a)
    const trial = run([a])
    const others = await Promise.all([run([a]), run([a]), run([a])])
    for (const other of others)
      expect(errorOf(other)).toMatchObject({ code: 'service_breaker_open', status: 503, retryAfterMs: 1_000 })
    expect(a.flights).toHaveLength(1)
    a.flights[0]?.answer(200, wholeAnswer)
    expect((await trial).outcome.kind).toBe('whole')
    expect(a.target.health.breaker.kind).toBe('closed')
  })

  it('T28 a trial that fails is not repeated, nor followed by a trial elsewhere', async () => {
    const hops = [hop('a', status(500)), hop('b', status(500)), hop('c', status(500))]
    for (const one of hops) trip(one)
    const ran = await run(hops, { maxRetries: 5 })
    expect(ran.outcome.attempts).toHaveLength(1)
    expect(errorOf(ran).code).toBe('provider_failed')
  })

  it('a trial that cannot be made, for want of a key or because its client left, leaves the way free', async () => {
    const a = hop('a', ok, [])
    trip(a)
    await run([a])
    expect(a.target.health.breaker.kind).toBe('open')
    const b = hop('b', () => undefined)
    trip(b)
    const abort = new AbortController()
    const trial = run([b], {}, abort.signal)
    await Promise.resolve()
    abort.abort()
    await trial
    expect([b.target.health.breaker.kind, b.target.health.inFlight]).toEqual(['open', 0])
  })

  it('one marked unhealthy by hand gets nothing, not even a trial', async () => {
    const [a, b] = [hop('a', ok), hop('b', ok)]
    const marked = { ...a, target: { ...a.target, mark: { healthy: false } } }
    expect(outcomes(await run([marked, b]))).toEqual(['b answered'])
    expect(errorOf(await run([marked])).code).toBe('service_endpoints_down')
    expect(a.flights).toEqual([])
  })

  it("a caller's own short deadline is not held against the endpoint", async () => {
    const slow: Answerer = (flight) => setTimeout(() => flight.answer(200, wholeAnswer), 50)
    const a = hop('a', slow)
    for (let at = 0; at < 6; at++) await run([a], { timeoutMs: 1, maxRetries: 0 })
    expect(a.target.health.breaker).toMatchObject({ kind: 'closed', failures: 0 })
  })

  it('a stream counts until its last byte, and one that breaks in the middle counts against its endpoint', async () => {
    const a = hop('a', (flight) => queueMicrotask(() => (flight.streamHead(), flight.data(frames.text('hi')))))
    const { outcome } = await run([a], { stream: true })
    if (outcome.kind !== 'stream') throw new Error(outcome.kind)
    outcome.stream.attach({ data: () => undefined, ended: () => undefined, failed: () => undefined })
    expect(a.target.health.inFlight).toBe(1)
    a.flights[0]?.end()
    expect(a.target.health).toMatchObject({ inFlight: 0, breaker: { failures: 1 } })
    outcome.stream.destroy()
    expect(a.target.health.inFlight).toBe(0)
  })

  it('a key that fails again and again while another answers is asked no more', async () => {
    const answer: Answerer = (flight) =>
      queueMicrotask(() => {
        const isBad = flight.request.headers['authorization']?.endsWith('k1') === true
        flight.answer(isBad ? 500 : 200, isBad ? { error: { message: 'no' } } : wholeAnswer)
      })
    const a = hop('a', answer, ['k1', 'k2'])
    for (let at = 0; at < 20; at++) {
      a.budget.deposit()
      expect((await run([a])).outcome.kind).toBe('whole')
    }
    const bad = keysUsed(a).filter((key) => key?.endsWith('k1'))
    expect(bad).toHaveLength(5)
    expect(a.target.health.breaker.kind).toBe('closed')
  })
})
