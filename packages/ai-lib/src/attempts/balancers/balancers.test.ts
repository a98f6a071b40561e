// Every strategy: its share, what it does under load, and what holds for any pool.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancer, TargetState } from './balancer.ts'
import { balancers } from './registry.ts'

interface Member extends TargetState {
  readonly name: string
  credit: number
  readonly health: { inFlight: number; success: number; latencyMs: number }
}

function member(name: string, weight = 1, more: Partial<Member> = {}): Member {
  return { name, weight, credit: 0, health: { inFlight: 0, success: 1, latencyMs: 0 }, ...more }
}

/** Picks as a pool does: after each, what everyone is owed moves on. */
function picks(balancer: Balancer, pool: readonly Member[], count: number): readonly Member[] {
  return Array.from({ length: count }, (_, draw) => {
    const picked = balancer.pick(pool, draw)
    if (!picked) throw new Error('nothing was picked')
    let total = 0
    for (const one of pool) {
      one.credit += balancer.share(one)
      total += balancer.share(one)
    }
    picked.credit -= total
    return picked
  })
}
const countOf = (picked: readonly Member[], name: string): number => picked.filter((one) => one.name === name).length
const said = (picked: readonly Member[]): string => picked.map(({ name }) => name).join('')

describe('round-robin', () => {
  it('gives each its turn, whatever the weights', () => {
    expect(said(picks(balancers['round-robin'], [member('a', 9), member('b'), member('c')], 7))).toBe('abcabca')
  })
})

describe('weighted', () => {
  it('1.0 and 0.8 share 10,000 requests within one per cent, and any window of nine within one request', () => {
    const picked = picks(balancers.weighted, [member('east', 1), member('west', 0.8)], 10_000)
    expect(Math.abs(countOf(picked, 'east') - 10_000 / 1.8)).toBeLessThan(1)
    for (let at = 0; at + 9 <= picked.length; at += 7)
      expect(Math.abs(countOf(picked.slice(at, at + 9), 'east') - 5)).toBeLessThanOrEqual(1)
  })

  it('interleaves: five of one are never in a row where two others wait', () => {
    expect(said(picks(balancers.weighted, [member('a', 5), member('b'), member('c')], 7))).toBe('aabacaa')
  })

  it('is fair for any weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(weights, (list) => {
        const pool = list.map((weight, at) => member(`m${at}`, weight))
        const total = list.reduce((sum, weight) => sum + weight, 0)
        const picked = picks(balancers.weighted, pool, 2 * total)
        for (const one of pool) expect(countOf(picked, one.name)).toBe(2 * one.weight)
      }),
    )
  })
})

describe('least-connections', () => {
  const { 'least-connections': least } = balancers

  it('goes where the fewest are under way, for the weight', () => {
    const busy = (inFlight: number) => ({ health: { inFlight, success: 1, latencyMs: 0 } })
    expect(least.pick([member('a', 1, busy(3)), member('b', 1, busy(2))], 0)?.name).toBe('b')
    expect(least.pick([member('a', 2, busy(3)), member('b', 1, busy(2))], 0)?.name).toBe('a')
  })

  it('while all are idle, shares by weight', () => {
    const picked = picks(least, [member('a', 1), member('b', 0.8)], 900)
    expect(countOf(picked, 'a')).toBe(500)
  })

  it('fills up in proportion to the weights', () => {
    const pool = [member('a', 3), member('b', 1)]
    for (let at = 0; at < 40; at++) {
      const [picked] = picks(least, pool, 1)
      if (picked) picked.health.inFlight++
    }
    expect(pool.map(({ health }) => health.inFlight)).toEqual([30, 10])
  })
})

describe('health-based', () => {
  const shareOf = (pool: readonly Member[], name: string) =>
    countOf(picks(balancers['health-based'], pool, 1_000), name) / 1_000
  const health = (success: number, latencyMs: number) => ({ health: { inFlight: 0, success, latencyMs } })

  it('shares by weight where all are well', () => {
    expect(shareOf([member('a', 1), member('b', 0.8)], 'a')).toBeCloseTo(1 / 1.8, 2)
  })

  it('gives less to one that fails or is slow, and never nothing', () => {
    const failing = shareOf([member('a'), member('b', 1, health(0.5, 0))], 'b')
    expect(failing).toBeLessThan(0.25)
    expect(shareOf([member('a', 1, health(1, 500)), member('b', 1, health(1, 20_000))], 'b')).toBeLessThan(0.25)
    expect(shareOf([member('a'), member('b', 1, health(0, 1e9))], 'b')).toBeGreaterThan(0.005)
  })
})

describe('latency-based', () => {
  it('gives most to the fastest and still asks the others', () => {
    const at = (latencyMs: number) => ({ health: { inFlight: 0, success: 1, latencyMs } })
    const picked = picks(balancers['latency-based'], [member('a', 1, at(200)), member('b', 1, at(800))], 1_700)
    expect(countOf(picked, 'b')).toBe(100)
  })

  it('asks one that was never measured soon, and not with everything at once', () => {
    const fresh = member('new')
    const pool = [fresh, member('old', 1, { health: { inFlight: 0, success: 1, latencyMs: 100 } })]
    const asked = Array.from({ length: 40 }, () => {
      const [picked] = picks(balancers['latency-based'], pool, 1)
      if (picked) picked.health.inFlight++
      return picked?.name
    })
    expect(asked[0]).toBe('new')
    expect(fresh.health.inFlight).toBeLessThan(25)
  })
})

describe('cost-based', () => {
  const { 'cost-based': cost } = balancers
  it('goes to the cheapest, and to what nobody has a price for last', () => {
    expect(cost.pick([member('a'), member('b', 1, { price: 9 }), member('c', 1, { price: 3 })], 0)?.name).toBe('c')
  })
  it('shares by weight among equals', () => {
    const picked = picks(cost, [member('a', 3, { price: 1 }), member('b', 1, { price: 1 })], 40)
    expect(countOf(picked, 'a')).toBe(30)
  })
})

describe.each(Object.values(balancers).map((balancer) => [balancer.name, balancer] as const))(
  '%s',
  (_name, balancer) => {
    const members = fc.array(
      fc.record({
        weight: fc.double({ min: 0.001, max: 1_000, noNaN: true }),
        credit: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        price: fc.option(fc.nat(1e9), { nil: undefined }),
        health: fc.record({
          inFlight: fc.nat(10_000),
          success: fc.double({ min: 0, max: 1, noNaN: true }),
          latencyMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
        }),
      }),
      { maxLength: 20 },
    )

    it('gives a member of the pool wherever there is one, the same for the same, and changes nothing', () => {
      fc.assert(
        fc.property(members, fc.nat(), (list, draw) => {
          const pool = list.map(({ price, ...rest }) => (price === undefined ? rest : { ...rest, price }))
          const before = JSON.stringify(pool)
          const picked = balancer.pick(pool, draw)
          if (pool.length === 0) expect(picked).toBeUndefined()
          else expect(pool).toContain(picked)
          expect(balancer.pick(pool, draw)).toBe(picked)
          expect(JSON.stringify(pool)).toBe(before)
        }),
      )
    })

    it('never owes without end: over a run what everyone is owed adds up to nothing', () => {
      const pool = [member('a', 1), member('b', 0.3), member('c', 7)]
      picks(balancer, pool, 1_000)
      expect(Math.abs(pool.reduce((sum, { credit }) => sum + credit, 0))).toBeLessThan(1e-6)
    })
  },
)
