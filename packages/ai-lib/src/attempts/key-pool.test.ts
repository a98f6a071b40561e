// The key pool: exact shares, cooldowns that only grow, keys that retire, reserves that wait.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../errors/secret.ts'
import { KeyPool, type PoolKey } from './key-pool.ts'

const none: ReadonlySet<PoolKey> = new Set()
const key = (name: string, weight?: number): PoolKey => (weight === undefined ? { name } : { name, weight })

function picks(pool: KeyPool, count: number, nowMs = 0): Map<string, number> {
  const counted = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const name = pool.pick(nowMs, none)?.name ?? 'nobody'
    counted.set(name, (counted.get(name) ?? 0) + 1)
  }
  return counted
}

describe('shares', () => {
  it('follow the weights 1.0 and 0.8 within one percent over 10,000 picks', () => {
    const counted = picks(new KeyPool([key('a', 1), key('b', 0.8)]), 10_000)
    expect(Math.abs((counted.get('a') ?? 0) - 10_000 / 1.8)).toBeLessThan(100)
    expect(Math.abs((counted.get('b') ?? 0) - 8_000 / 1.8)).toBeLessThan(100)
  })

  it('are exact over every window of the sum of whole weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(weights, (given) => {
        const pool = new KeyPool(given.map((weight, index) => key(`k${index}`, weight)))
        const sum = given.reduce((left, right) => left + right, 0)
        for (let window = 0; window < 3; window++) {
          const counted = picks(pool, sum)
          for (const [index, weight] of given.entries()) expect(counted.get(`k${index}`)).toBe(weight)
        }
      }),
    )
  })

  it('are smooth: a heavy key does not take its share in one run', () => {
    const pool = new KeyPool([key('a', 5), key('b'), key('c')])
    expect(Array.from({ length: 7 }, () => pool.pick(0, none)?.name).join('')).toBe('aabacaa')
  })

  it('do not pile up for a key that cools: back again, it gets its share and no more', () => {
    const [a, b, c] = [key('a'), key('b'), key('c')]
    const pool = new KeyPool([a, b, c])
    pool.cool(a, 1_000)
    expect(picks(pool, 600)).toEqual(
      new Map([
        ['b', 300],
        ['c', 300],
      ]),
    )
    const counted = picks(pool, 30, 1_000)
    for (const name of ['a', 'b', 'c']) expect(counted.get(name)).toBeGreaterThanOrEqual(9)
  })
})

describe('a reserve of weight 0', () => {
  it('is not used while an ordinary key is usable, another one cooling or not', () => {
    const [a, b] = [key('a'), key('b')]
    const pool = new KeyPool([key('reserve', 0), a, b])
    expect(picks(pool, 100).get('reserve')).toBeUndefined()
    pool.cool(a, 1_000)
    expect(picks(pool, 100)).toEqual(new Map([['b', 100]]))
  })

  it('is used once no ordinary key is left, and by turns where there are several', () => {
    const a = key('a')
    const pool = new KeyPool([a, key('first', 0), key('second', 0)])
    pool.retire(a, 'quarantined')
    expect(picks(pool, 10)).toEqual(
      new Map([
        ['first', 5],
        ['second', 5],
      ]),
    )
  })
})

describe('states', () => {
  it('a cooldown is the longer of the present and the new one', () => {
    const [a, b] = [key('a'), key('b')]
    const pool = new KeyPool([a, b])
    pool.cool(a, 500)
    pool.cool(a, 100)
    expect(pool.states()[0]).toEqual({ name: 'a', state: { kind: 'cooling', untilMs: 500 } })
    pool.cool(a, 900)
    expect(pool.states()[0]?.state).toEqual({ kind: 'cooling', untilMs: 900 })
    expect(picks(pool, 4, 899)).toEqual(new Map([['b', 4]]))
    expect(picks(pool, 4, 900).get('a')).toBeGreaterThan(0)
  })

  it.each(['quarantined', 'exhausted'] as const)('a key that is %s stays out, whatever cools it later', (kind) => {
    const a = key('a')
    const pool = new KeyPool([a, key('b')])
    pool.retire(a, kind)
    pool.cool(a, 10)
    expect(pool.states()[0]?.state).toEqual({ kind })
    expect(picks(pool, 4, 1e9)).toEqual(new Map([['b', 4]]))
  })

  it('says how long until the first cooling key is back', () => {
    const [a, b, c] = [key('a'), key('b'), key('c')]
    const pool = new KeyPool([a, b, c])
    expect(pool.coolingForMs(0)).toBeUndefined()
    pool.cool(a, 700)
    pool.cool(b, 300)
    pool.retire(c, 'quarantined')
    expect(pool.coolingForMs(100)).toBe(200)
    expect(pool.coolingForMs(400)).toBe(0)
    expect(pool.hasUsable(100, none)).toBe(false)
    expect(pool.pick(100, none)).toBeUndefined()
  })

  it('gives no key that was tried, alone or among others', () => {
    const [a, b] = [key('a'), key('b')]
    expect(new KeyPool([a]).pick(0, new Set([a]))).toBeUndefined()
    const pool = new KeyPool([a, b])
    expect(pool.pick(0, new Set([a]))).toBe(b)
    expect(pool.pick(0, new Set([a, b]))).toBeUndefined()
    expect(pool.hasUsable(0, new Set([a]))).toBe(true)
    expect(pool.hasUsable(0, new Set([a, b]))).toBe(false)
  })

  it('ignores keys of another pool', () => {
    const pool = new KeyPool([key('a')])
    pool.cool(key('a'), 1e9)
    pool.retire(key('a'), 'exhausted')
    expect(pool.pick(0, none)?.name).toBe('a')
    expect(new KeyPool([]).pick(0, none)).toBeUndefined()
  })
})

describe('a pool that takes the place of another', () => {
  const secret = (value: string) => new Secret(value)

  it('keeps a refused value out and a resting one at rest, under whatever name', () => {
    const former = new KeyPool([
      { name: 'a', secret: secret('refused') },
      { name: 'b', secret: secret('resting') },
    ])
    for (const key of [former.pick(0, none), former.pick(0, none)])
      if (key?.name === 'a') former.retire(key, 'quarantined')
      else if (key) former.cool(key, 500)
    const next = new KeyPool([
      { name: 'renamed', secret: secret('refused') },
      { name: 'b', secret: secret('resting') },
      { name: 'c', secret: secret('new') },
    ])
    next.inherit(former)
    expect(next.states().map(({ name, state }) => [name, state.kind])).toEqual([
      ['renamed', 'quarantined'],
      ['b', 'cooling'],
      ['c', 'ready'],
    ])
    expect(next.pick(0, none)?.name).toBe('c')
  })

  it('a new value under an old name is not what the old one was', () => {
    const former = new KeyPool([{ name: 'a', secret: secret('refused') }])
    const key = former.pick(0, none)
    if (key) former.retire(key, 'quarantined')
    const next = new KeyPool([{ name: 'a', secret: secret('other') }])
    next.inherit(former)
    expect(next.pick(0, none)?.secret?.reveal()).toBe('other')
  })

  it('goes on with a rotation that is not over: the old value serves while the new one was refused', () => {
    const former = new KeyPool([{ name: 'a', secret: secret('old') }])
    former.offer({ name: 'a', secret: secret('new') })
    const incoming = former.pick(0, none)
    if (incoming) former.retire(incoming, 'quarantined')
    const next = new KeyPool([{ name: 'a', secret: secret('new'), weight: 2 }])
    next.inherit(former)
    expect(next.pick(0, none)?.secret?.reveal()).toBe('old')
    expect(next.states()).toMatchObject([
      { name: 'a', state: { kind: 'ready' }, incoming: { state: { kind: 'quarantined' } } },
    ])
  })

  it('what was too old has been read anew', () => {
    const former = new KeyPool([{ name: 'a', secret: secret('value') }])
    former.expire('a')
    const next = new KeyPool([{ name: 'a', secret: secret('value') }])
    next.inherit(former)
    expect(next.states()[0]?.state.kind).toBe('ready')
  })
})
