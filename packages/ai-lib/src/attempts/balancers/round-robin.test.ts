// Round robin: every member first in its turn, every member once in an order.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { roundRobin } from './round-robin.ts'

it('begins with each member in turn and goes on with the ones after it', () => {
  expect([0, 1, 2, 3].map((draw) => roundRobin.order(['a', 'b', 'c'], draw).join(''))).toEqual([
    'abc',
    'bca',
    'cab',
    'abc',
  ])
})

it('gives every member exactly once, for any draw, and leaves the pool as it was', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { maxLength: 20 }), fc.nat(), (pool, draw) => {
      const before = [...pool]
      const order = roundRobin.order(pool, draw)
      expect(order.toSorted((left, right) => left - right)).toEqual(pool.toSorted((left, right) => left - right))
      expect(pool).toEqual(before)
      if (pool.length > 0) expect(order[0]).toBe(pool[draw % pool.length])
    }),
  )
})

it('shares exactly over as many draws as there are members', () => {
  const firsts = Array.from({ length: 3_000 }, (_, draw) => roundRobin.order(['a', 'b', 'c'], draw)[0])
  for (const name of ['a', 'b', 'c']) expect(firsts.filter((first) => first === name)).toHaveLength(1_000)
})
