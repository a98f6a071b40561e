import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Candidate, chooseExpired } from './retention.ts'

const dayMs = 86_400_000
const nowMs = 1_000 * dayMs
const aged = (generation: number, kind: Candidate['kind'], days: number): Candidate => ({
  generation,
  kind,
  dateMs: nowMs - days * dayMs,
})
const rule = { retentionDays: 30, nowMs, held: new Set<number>() }

describe('retention', () => {
  it('removes what is past its days and keeps what is not', () => {
    const candidates = [aged(9, 'good', 0), aged(8, 'good', 29.9), aged(7, 'good', 30.1), aged(6, 'good', 900)]
    expect(chooseExpired(candidates, rule)).toEqual([7, 6])
  })
  it('never removes the last good one, however old', () => {
    expect(chooseExpired([aged(5, 'good', 999), aged(4, 'good', 999)], rule)).toEqual([4])
    expect(chooseExpired([aged(6, 'other', 1), aged(5, 'good', 999)], rule)).toEqual([])
  })
  it('never removes one that is being verified', () => {
    expect(chooseExpired([aged(9, 'good', 0), aged(3, 'good', 99)], { ...rule, held: new Set([3]) })).toEqual([])
  })
  it('leaves a foreign or unreadable one to the operator', () => {
    expect(chooseExpired([aged(9, 'good', 0), aged(3, 'other', 999)], rule)).toEqual([])
  })
  it('removes an upload that has not ended after a day, and none that may still be under way', () => {
    expect(chooseExpired([aged(9, 'good', 0), aged(8, 'incomplete', 0.9), aged(7, 'incomplete', 1.1)], rule)).toEqual([
      7,
    ])
  })
  it('whatever the store holds and the clock says, one good generation stays', () => {
    const candidate = fc.record({
      generation: fc.integer({ min: 1, max: 50 }),
      kind: fc.constantFrom('good' as const, 'incomplete' as const, 'other' as const),
      dateMs: fc.integer({ min: 0, max: 2 * nowMs }),
    })
    fc.assert(
      fc.property(fc.uniqueArray(candidate, { selector: (one) => one.generation }), fc.nat(4 * nowMs), (all, now) => {
        const gone = new Set(chooseExpired(all, { ...rule, nowMs: now }))
        const good = all.filter(({ kind }) => kind === 'good')
        return good.length === 0 || good.some(({ generation }) => !gone.has(generation))
      }),
    )
  })
})
