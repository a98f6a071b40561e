// One generation serves; those before it end with their last exchange, and not sooner.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { expect, test } from 'vitest'
import { OpenExchanges } from '../exchange/open-exchanges.ts'
import { Generations, type Replaceable } from './generations.ts'

function generation(name: string, told: string[]): Replaceable & { readonly name: string } {
  return {
    name,
    open: new OpenExchanges(),
    retire: async () => void told.push(`retired ${name}`),
    close: async () => {
      told.push(`closed ${name}`)
    },
  }
}

const unexpected = (thrown: unknown): void => {
  throw thrown
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('the one before is closed once its last exchange is over', async () => {
  const told: string[] = []
  const [first, second] = [generation('first', told), generation('second', told)]
  const generations = new Generations<typeof first>(unexpected)
  generations.replace(first)
  const places = [1, 2].map(() => first.open.add({ interrupt() {} }))
  generations.replace(second)
  expect(generations.current.name).toBe('second')
  expect([generations.size, generations.count]).toEqual([2, 2])
  for (const place of places) {
    await turn()
    expect(told).toEqual(['retired first'])
    first.open.delete(place)
  }
  await turn()
  expect(told).toEqual(['retired first', 'closed first'])
  expect([generations.size, generations.count]).toEqual([0, 1])
})

test('one without exchanges is closed at once', async () => {
  const told: string[] = []
  const generations = new Generations<Replaceable>(unexpected)
  generations.replace(generation('first', told))
  generations.replace(generation('second', told))
  await turn()
  expect(told).toEqual(['retired first', 'closed first'])
})

test('a drain reaches the exchanges of all of them, and closing closes all', async () => {
  const told: string[] = []
  const [first, second] = [generation('first', told), generation('second', told)]
  const generations = new Generations<Replaceable>(unexpected)
  generations.replace(first)
  first.open.add({ interrupt: ({ code }) => told.push(`first ${code}`) })
  generations.replace(second)
  second.open.add({ interrupt: ({ code }) => told.push(`second ${code}`) })
  for (const exchange of generations) exchange.interrupt(new AiError('service_draining'))
  expect(told.slice(1)).toEqual(['first service_draining', 'second service_draining'])
  await generations.close()
  expect(told.slice(3).toSorted()).toEqual(['closed first', 'closed second'])
})

test('nothing serves before the first', () => {
  expect(() => new Generations<Replaceable>(unexpected).current).toThrow('Nothing serves yet')
})

test('one that cannot be closed is told of, and those that serve are not touched', async () => {
  const faults: unknown[] = []
  const generations = new Generations<Replaceable>((thrown) => faults.push(thrown))
  generations.replace({ ...generation('first', []), close: () => Promise.reject(new Error('stuck')) })
  generations.replace(generation('second', []))
  await turn()
  expect(faults).toEqual([new Error('stuck')])
  expect(generations.count).toBe(1)
})
