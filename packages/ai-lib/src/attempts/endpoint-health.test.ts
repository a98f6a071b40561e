// What attempts teach about an endpoint and its keys: counts, averages, and when nothing is sent there any more.
import { describe, expect, it } from 'vitest'
import { breakerBounds } from './breaker.ts'
import { type AttemptEnd, EndpointHealth } from './endpoint-health.ts'
import type { PoolKey } from './key-pool.ts'

const { baseMs, failures } = breakerBounds

function attempt(health: EndpointHealth, end: AttemptEnd, nowMs = 0, key?: PoolKey): void {
  const isTrial = health.begin(nowMs, key)
  if (end === 'answered') health.committed(isTrial, 100, nowMs)
  health.ended(end, isTrial, nowMs, key)
}
function failing(times: number, end: AttemptEnd = 'failed'): EndpointHealth {
  const health = new EndpointHealth()
  for (let at = 0; at < times; at++) attempt(health, end)
  return health
}

describe('what trips', () => {
  it.each([
    ['failed', 'open'],
    ['refused', 'closed'],
    ['limited', 'closed'],
    ['void', 'closed'],
    ['answered', 'closed'],
  ] as const)('fifty attempts that are %s leave it %s', (end, kind) => {
    expect(failing(50, end).breaker.kind).toBe(kind)
  })

  it('a refusal shows that the endpoint lives: the row begins anew', () => {
    const health = failing(failures - 1)
    attempt(health, 'refused')
    attempt(health, 'failed')
    expect(health.breaker.kind).toBe('closed')
  })

  it('a client that leaves neither trips nor excuses', () => {
    const health = failing(failures - 1)
    attempt(health, 'void')
    attempt(health, 'failed')
    expect(health.breaker.kind).toBe('open')
  })

  it('a stream that begins well and breaks each time trips it: beginning is no success', () => {
    const health = new EndpointHealth()
    for (let at = 0; at < failures; at++) {
      const isTrial = health.begin(0)
      health.committed(isTrial, 10, 0)
      health.ended('failed', isTrial, 0)
    }
    expect(health.breaker.kind).toBe('open')
  })
})

describe('a trial', () => {
  it('is one at a time, and its success opens the way', () => {
    const health = failing(failures)
    expect([health.isPassable(baseMs - 1), health.isPassable(baseMs)]).toEqual([false, true])
    const isTrial = health.begin(baseMs)
    expect([isTrial, health.isPassable(baseMs)]).toEqual([true, false])
    health.committed(isTrial, 10, baseMs)
    // A stream's first content is enough; others need not wait for its last.
    expect(health.isPassable(baseMs)).toBe(true)
    health.ended('answered', isTrial, baseMs)
    expect(health.breaker).toMatchObject({ kind: 'closed', failures: 0 })
  })

  it('that breaks after its beginning sends it out again at once', () => {
    const health = failing(failures)
    const isTrial = health.begin(baseMs)
    health.committed(isTrial, 10, baseMs)
    health.ended('failed', isTrial, baseMs + 1)
    expect(health.breaker).toMatchObject({ kind: 'open', ejections: 2 })
  })

  it.each(['refused', 'limited'] as const)('that is %s shows that the endpoint lives', (end) => {
    const health = failing(failures)
    attempt(health, end, baseMs)
    expect(health.breaker).toMatchObject({ kind: 'closed', failures: 0 })
  })
})

describe('figures', () => {
  it('count what is under way until its end, whatever that is', () => {
    const health = new EndpointHealth()
    const trials = [health.begin(0), health.begin(0), health.begin(0)]
    expect(health.inFlight).toBe(3)
    for (const [at, end] of (['answered', 'failed', 'void'] as const).entries())
      health.ended(end, trials[at] ?? false, 0)
    expect(health.inFlight).toBe(0)
  })

  it('follow success and speed', () => {
    const health = failing(3)
    expect(health.success).toBeCloseTo(0.9 ** 3)
    for (let at = 0; at < 100; at++) attempt(health, 'answered')
    expect(health.success).toBeGreaterThan(0.99)
    expect(health.latencyMs).toBeCloseTo(100)
  })

  it('tell of each turn of the breaker once', () => {
    const turns: string[] = []
    const health = new EndpointHealth((from, to) => turns.push(`${from} ${to}`))
    for (let at = 0; at < 10; at++) attempt(health, 'failed')
    attempt(health, 'answered', baseMs)
    expect(turns).toContain('closed open')
    expect(turns.slice(-2)).toEqual(['open half-open', 'half-open closed'])
  })
})

describe('a key', () => {
  const [good, bad]: [PoolKey, PoolKey] = [{ name: 'good' }, { name: 'bad' }]
  function oneBad(): EndpointHealth {
    const health = new EndpointHealth()
    for (let at = 0; at < failures; at++) {
      attempt(health, 'failed', 0, bad)
      attempt(health, 'answered', 0, good)
    }
    return health
  }

  it('that fails five times in a row while another answers is left out; the endpoint is not', () => {
    const health = oneBad()
    expect(health.breaker.kind).toBe('closed')
    expect([...(health.brokenKeys(0, 2) ?? [])]).toEqual([bad])
  })

  it('is tried once when its time has come', () => {
    const health = oneBad()
    expect(health.brokenKeys(baseMs, 2)).toBeUndefined()
    const isTrial = health.begin(baseMs, bad)
    expect([...(health.brokenKeys(baseMs, 2) ?? [])]).toEqual([bad])
    health.ended('answered', isTrial, baseMs, bad)
    expect(health.brokenKeys(baseMs, 2)).toBeUndefined()
  })

  it('is never one of more than half of them, nor the only one', () => {
    const keys = Array.from({ length: 4 }, (_, at): PoolKey => ({ name: `k${at}` }))
    const health = new EndpointHealth()
    for (let at = 0; at < failures; at++)
      for (const key of keys.slice(1)) {
        attempt(health, 'failed', 0, key)
        attempt(health, 'answered', 0, keys[0])
      }
    expect(health.brokenKeys(0, 4)?.size).toBe(2)
    expect(oneBad().brokenKeys(0, 1)).toBeUndefined()
  })

  it('is not blamed where the whole endpoint fails', () => {
    const health = new EndpointHealth()
    for (let at = 0; at < 20; at++) attempt(health, 'failed', 0, at % 2 ? good : bad)
    expect(health.breaker.kind).toBe('open')
    expect(health.brokenKeys(0, 2)).toBeUndefined()
  })
})
