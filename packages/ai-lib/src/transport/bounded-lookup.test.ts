// F15: names whose servers are silent leave a thread of the pool to everybody else.
import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { boundLookup } from './bounded-lookup.ts'

type Answer = (error: Error | null, addresses: LookupAddress[]) => void

function open(max: number) {
  const asked: string[] = []
  const answers = new Map<string, Answer>()
  const told: string[] = []
  const lookup = boundLookup((hostname, _options, callback) => {
    asked.push(hostname)
    answers.set(hostname, callback)
  }, max)
  const ask = (name: string): void =>
    lookup(name, { all: true }, (error) => void told.push(`${name} ${error === null ? 'found' : 'failed'}`))
  return { asked, told, ask, answer: (name: string, error: Error | null = null) => answers.get(name)?.(error, []) }
}

test('F15 no more than so many look-ups are under way, the others follow in order', () => {
  const { asked, told, ask, answer } = open(2)
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  expect(asked).toEqual(['a', 'b'])
  answer('b', new Error('SERVFAIL'))
  expect(asked).toEqual(['a', 'b', 'c'])
  answer('c')
  answer('d')
  answer('a')
  expect(asked).toEqual(['a', 'b', 'c', 'd'])
  expect(told).toEqual(['b failed', 'c found', 'd found', 'a found'])
  ask('e')
  expect(asked.at(-1)).toBe('e')
})
