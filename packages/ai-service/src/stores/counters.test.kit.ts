// The contract suite of the counters: every implementation runs it, whatever it keeps its numbers in.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConcurrencyCounters, RateCounters } from './counters.ts'

/** Rounding of sums of fractions of a millisecond. */
const epsilonMs = 1e-3

export function describeRateCounters(name: string, create: () => RateCounters): void {
  describe(`rate counters: ${name}`, () => {
    itCounts(create)
    itCountsTogether(create)
    itPromises(create)
    itForgets(create)
  })
}

function admitted(counters: RateCounters, limit: number, windowMs: number, nowMs: number): boolean {
  return counters.admit('k', limit, windowMs, nowMs).kind === 'admitted'
}

function itCounts(create: () => RateCounters): void {
  it('admit the limit at once, and then nothing until one place is free', () => {
    const counters = create()
    const at = (nowMs: number): boolean => admitted(counters, 10, 1_000, nowMs)
    expect(Array.from({ length: 11 }, () => at(0))).toEqual([...Array.from({ length: 10 }, () => true), false])
    expect(at(99)).toBe(false)
    expect(at(100)).toBe(true)
    expect(at(100)).toBe(false)
  })

  it('say what remains and when all of it is back', () => {
    const counters = create()
    expect(counters.admit('k', 4, 1_000, 0)).toEqual({ kind: 'admitted', remaining: 3, resetMs: 250 })
    expect(counters.admit('k', 4, 1_000, 0)).toMatchObject({ remaining: 2, resetMs: 500 })
    expect(counters.admit('k', 4, 1_000, 250)).toMatchObject({ remaining: 2, resetMs: 500 })
    expect(counters.admit('k', 4, 1_000, 5_000)).toMatchObject({ remaining: 3, resetMs: 250 })
  })

  it('keep names apart', () => {
    const counters = create()
    expect(counters.admit('a', 1, 1_000, 0).kind).toBe('admitted')
    expect(counters.admit('a', 1, 1_000, 0).kind).toBe('limited')
    expect(counters.admit('b', 1, 1_000, 0).kind).toBe('admitted')
    for (const odd of ['__proto__', 'constructor', '']) expect(counters.admit(odd, 1, 1_000, 0).kind).toBe('admitted')
  })
}

function itCountsTogether(create: () => RateCounters): void {
  it('count against all claims or, where one has no room, against none', () => {
    const counters = create()
    const claims = [
      { name: 'minute', limit: 5, windowMs: 60_000 },
      { name: 'hour', limit: 3, windowMs: 3_600_000 },
    ]
    for (let index = 0; index < 3; index++)
      expect(counters.admitAll(claims, 0).map(({ kind }) => kind)).toEqual(['admitted', 'admitted'])
    for (let index = 0; index < 5; index++) {
      const refused = counters.admitAll(claims, 0)
      expect(refused[1]).toMatchObject({ kind: 'limited', retryAfterMs: 1_200_000 })
      expect(refused[0]).toMatchObject({ kind: 'admitted', remaining: 1 })
    }
    expect(counters.admitAll([], 0)).toEqual([])
  })
}

function itPromises(create: () => RateCounters): void {
  it('never admit more than the limit and one for each spacing of an interval, however requests come', () => {
    // What the generic cell rate algorithm promises: over any interval of length t at most limit + t / (window / limit).
    // So a burst of the limit may be followed by the steady rate: up to twice the limit in one window, never more.
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 120 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 3_000 }),
        gaps,
        (limit, windowMs, waits) => {
          const counters = create()
          const times: number[] = []
          let nowMs = 0
          for (const wait of waits) {
            nowMs += wait
            if (admitted(counters, limit, windowMs, nowMs)) times.push(nowMs)
          }
          const spacingMs = windowMs / limit
          for (const [index, from] of times.entries())
            for (const [further, to] of times.slice(index).entries())
              expect(further + 1).toBeLessThanOrEqual(limit + Math.floor((to - from + epsilonMs) / spacingMs))
        },
      ),
    )
  })

  it('refuse nothing to a caller who keeps the spacing, and tell a refused one the exact moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 100_000 }), (limit, windowMs) => {
        const counters = create()
        for (let index = 0; index < 200; index++)
          expect(admitted(counters, limit, windowMs, (index * windowMs) / limit + index * epsilonMs)).toBe(true)
        const busy = create()
        while (admitted(busy, limit, windowMs, 7));
        const refused = busy.admit('k', limit, windowMs, 7)
        if (refused.kind !== 'limited') throw new Error('refused')
        expect(refused.remaining).toBe(0)
        if (refused.retryAfterMs > 2 * epsilonMs)
          expect(admitted(busy, limit, windowMs, 7 + refused.retryAfterMs - 2 * epsilonMs)).toBe(false)
        expect(admitted(busy, limit, windowMs, 7 + refused.retryAfterMs)).toBe(true)
      }),
    )
  })
}

function itForgets(create: () => RateCounters): void {
  it('a refusal uses nothing up', () => {
    const counters = create()
    expect(admitted(counters, 1, 1_000, 0)).toBe(true)
    for (let nowMs = 1; nowMs < 1_000; nowMs++) expect(admitted(counters, 1, 1_000, nowMs)).toBe(false)
    expect(admitted(counters, 1, 1_000, 1_000)).toBe(true)
  })

  it('keep what counts while they forget what does not', () => {
    const counters = create()
    for (let index = 0; index < 10_000; index++) counters.admit(`old ${index}`, 1, 10, 0)
    expect(counters.admit('fresh', 1, 1_000, 50).kind).toBe('admitted')
    for (let index = 0; index < 20_000; index++) counters.admit(`new ${index}`, 1, 10, 100)
    expect(counters.admit('fresh', 1, 1_000, 200).kind).toBe('limited')
  })
}

export function describeConcurrencyCounters(name: string, create: () => ConcurrencyCounters): void {
  describe(`concurrency counters: ${name}`, () => {
    it('give as many places as there are, and each one back once', () => {
      const counters = create()
      const [first, second] = [counters.enter('k', 2), counters.enter('k', 2)]
      expect(counters.enter('k', 2)).toBeUndefined()
      first?.()
      first?.()
      const third = counters.enter('k', 2)
      expect(third).toBeDefined()
      expect(counters.enter('k', 2)).toBeUndefined()
      second?.()
      third?.()
      expect(Array.from({ length: 3 }, () => counters.enter('k', 2) !== undefined)).toEqual([true, true, false])
    })

    it('keep names apart', () => {
      const counters = create()
      expect(counters.enter('a', 1)).toBeDefined()
      expect(counters.enter('a', 1)).toBeUndefined()
      expect(counters.enter('b', 1)).toBeDefined()
    })

    it('never have more under way than the limit, in any order of entering and leaving', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9), { maxLength: 200 }), (limit, steps) => {
          const counters = create()
          const held: (() => void)[] = []
          for (const step of steps) {
            const leave = step < 5 ? counters.enter('k', limit) : undefined
            if (step < 5) expect(leave !== undefined).toBe(held.length < limit)
            if (leave) held.push(leave)
            else if (step >= 5) held.splice(step % Math.max(1, held.length), 1)[0]?.()
            expect(held.length).toBeLessThanOrEqual(limit)
          }
        }),
      )
    })
  })
}
