// One budget for all bodies: never above its limit, and everything comes back.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteBudget, type ByteLease } from './byte-budget.ts'

describe('ByteBudget', () => {
  it('leases up to its limit, to the byte', () => {
    const budget = new ByteBudget(100)
    const first = budget.lease(60)
    expect(budget.lease(41)).toBeUndefined()
    expect(budget.lease(40)).toBeDefined()
    expect(budget.lease(1)).toBeUndefined()
    expect(budget.lease(0)).toBeDefined()
    first?.release()
    first?.release()
    expect(budget.heldBytes).toBe(40)
  })

  it('a lease grows to a total, never shrinks, and not beyond what is left', () => {
    const budget = new ByteBudget(100)
    const lease = budget.lease(10)
    expect(lease?.grow(50)).toBe(true)
    expect(lease?.grow(20)).toBe(true)
    expect(budget.heldBytes).toBe(50)
    expect(lease?.grow(101)).toBe(false)
    expect(budget.heldBytes).toBe(50)
    lease?.release()
    expect(lease?.grow(10)).toBe(false)
    expect(budget.heldBytes).toBe(0)
  })

  it('holds exactly what its leases hold, whatever happens to them', () => {
    const step = fc.record({ act: fc.constantFrom('lease', 'grow', 'release'), which: fc.nat(20), bytes: fc.nat(80) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = new ByteBudget(200)
        const open: { lease: ByteLease; bytes: number }[] = []
        for (const { act, which, bytes } of steps) {
          const held = open[which % Math.max(1, open.length)]
          if (act === 'lease') {
            const lease = budget.lease(bytes)
            if (lease) open.push({ lease, bytes })
          } else if (act === 'grow' && held) {
            if (held.lease.grow(bytes)) held.bytes = Math.max(held.bytes, bytes)
          } else if (held) {
            held.lease.release()
            open.splice(open.indexOf(held), 1)
          }
          expect(budget.heldBytes).toBe(open.reduce((sum, { bytes: own }) => sum + own, 0))
          expect(budget.heldBytes).toBeLessThanOrEqual(200)
        }
        for (const { lease } of open) lease.release()
        expect(budget.heldBytes).toBe(0)
      }),
    )
  })
})
