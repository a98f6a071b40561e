// An exchange settles once, tells everybody, and reads its body once.
import { describe, expect, it } from 'vitest'
import { askedFor, exchangeOf, settlement } from './exchange.test.kit.ts'
import type { Settlement } from './settlement.ts'

describe('settling', () => {
  it('tells every listener the first settlement, once, in order', () => {
    const exchange = exchangeOf()
    const heard: (readonly [string, Settlement])[] = []
    exchange.onSettle((told) => heard.push(['a', told]))
    exchange.onSettle((told) => heard.push(['b', told]))
    expect(exchange.isSettled).toBe(false)
    exchange.settle(settlement)
    exchange.settle({ ...settlement, end: 'failed' })
    expect(exchange.isSettled).toBe(true)
    expect(heard).toEqual([
      ['a', settlement],
      ['b', settlement],
    ])
  })

  it('a listener that throws keeps no other from hearing, and its fault is not swallowed', () => {
    const exchange = exchangeOf()
    const heard: string[] = []
    exchange.onSettle(() => {
      throw new Error('first')
    })
    exchange.onSettle(() => heard.push('second'))
    exchange.onSettle(() => {
      throw new Error('third')
    })
    exchange.onSettle(() => heard.push('fourth'))
    expect(() => exchange.settle(settlement)).toThrow('first')
    expect(heard).toEqual(['second', 'fourth'])
    expect(() => exchange.settle(settlement)).not.toThrow()
  })

  it('a listener that settles again changes nothing', () => {
    const exchange = exchangeOf()
    let heard = 0
    exchange.onSettle(() => {
      heard++
      exchange.settle(settlement)
    })
    exchange.settle(settlement)
    expect(heard).toBe(1)
  })
})

it('the body is read once, and not before somebody asks', async () => {
  let reads = 0
  const exchange = exchangeOf({}, { readBody: () => Promise.resolve((reads++, askedFor('m'))) })
  expect(reads).toBe(0)
  expect(await exchange.read()).toBe(await exchange.read())
  expect(reads).toBe(1)
})
