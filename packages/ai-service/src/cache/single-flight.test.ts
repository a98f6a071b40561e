// One goes, the others wait: until there is a value, nobody to wait for, or no time left.
import { describe, expect, it } from 'vitest'
import { type Lead, SingleFlight, type Waited } from './single-flight.ts'

const stays = new AbortController().signal
const long = 60_000

function leaderOf(flights: SingleFlight<string>, key = 'k'): Lead<string> {
  const joined = flights.join(key)
  if (joined.kind !== 'leader') throw new Error('Somebody leads already.')
  return joined.lead
}

function waiterOf(flights: SingleFlight<string>, signal = stays, maxMs = long, key = 'k'): Promise<Waited<string>> {
  const joined = flights.join(key)
  if (joined.kind !== 'waiter') throw new Error('Nobody leads.')
  return joined.wait(signal, maxMs)
}

describe('those who wait', () => {
  it('get the value of the one that goes, and the next one leads anew', async () => {
    const flights = new SingleFlight<string>()
    const lead = leaderOf(flights)
    const waits = [waiterOf(flights), waiterOf(flights)]
    lead.give('v')
    expect(await Promise.all(waits)).toEqual([
      { kind: 'value', value: 'v' },
      { kind: 'value', value: 'v' },
    ])
    expect(flights.size).toBe(0)
    leaderOf(flights).release()
  })

  it('wait for their own key alone', () => {
    const flights = new SingleFlight<string>()
    leaderOf(flights, 'a')
    leaderOf(flights, 'b')
    expect(flights.size).toBe(2)
  })

  it('all go where there is nothing to share', async () => {
    const flights = new SingleFlight<string>()
    const lead = leaderOf(flights)
    const waits = [waiterOf(flights), waiterOf(flights)]
    lead.release()
    expect(await Promise.all(waits)).toEqual([{ kind: 'alone' }, { kind: 'alone' }])
    expect(flights.size).toBe(0)
  })

  it('lead one after the other where the one in front fails', async () => {
    const flights = new SingleFlight<string>()
    const first = leaderOf(flights)
    const second = waiterOf(flights)
    const third = waiterOf(flights)
    first.handOver()
    const promoted = await second
    if (promoted.kind !== 'lead') throw new Error(promoted.kind)
    // Its time is over: a late word of the first one changes nothing.
    first.give('late')
    expect(flights.size).toBe(1)
    promoted.lead.handOver()
    const last = await third
    if (last.kind !== 'lead') throw new Error(last.kind)
    last.lead.handOver()
    expect(flights.size).toBe(0)
  })

  it('may leave, and nobody minds', async () => {
    const flights = new SingleFlight<string>()
    const lead = leaderOf(flights)
    const leaving = new AbortController()
    const left = waiterOf(flights, leaving.signal)
    const stayed = waiterOf(flights)
    leaving.abort()
    expect(await left).toEqual({ kind: 'left' })
    lead.handOver()
    expect(await stayed).toMatchObject({ kind: 'lead' })
    expect(await waiterOf(flights, AbortSignal.abort())).toEqual({ kind: 'left' })
  })

  it('wait no longer than they may', async () => {
    const flights = new SingleFlight<string>()
    const lead = leaderOf(flights)
    expect(await waiterOf(flights, stays, 1)).toEqual({ kind: 'alone' })
    lead.handOver()
    expect(flights.size).toBe(0)
  })
})

it('who comes while the value is being stored gets it at once', async () => {
  const flights = new SingleFlight<string>()
  const stored = Promise.withResolvers<void>()
  leaderOf(flights).give('v', stored.promise)
  expect(await waiterOf(flights)).toEqual({ kind: 'value', value: 'v' })
  stored.resolve()
  await stored.promise
  await Promise.resolve()
  expect(flights.size).toBe(0)
})

it('a store that rejects ends the flight all the same', async () => {
  const flights = new SingleFlight<string>()
  leaderOf(flights).give('v', Promise.reject(new Error('away')))
  await new Promise((resolve) => setImmediate(resolve))
  expect(flights.size).toBe(0)
})
