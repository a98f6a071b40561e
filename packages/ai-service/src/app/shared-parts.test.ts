// A part lives as long as anybody holds it, is one for all who agree in what it is made of, and is closed once.
import { expect, test } from 'vitest'
import { Leases, SharedParts } from './shared-parts.ts'

function counted() {
  const told: string[] = []
  const parts = new SharedParts<string>((part) => void told.push(`closed ${part}`))
  const open = (name: string) => () => {
    told.push(`opened ${name}`)
    return name
  }
  return { told, parts, open }
}

test('is opened once for all holders of a key, and closed when the last gives it back', async () => {
  const { told, parts, open } = counted()
  const [first, second] = [parts.take('key', open('a')), parts.take('key', open('b'))]
  expect([first.part, second.part]).toEqual(['a', 'a'])
  await first.release()
  await first.release()
  expect(told).toEqual(['opened a'])
  await second.release()
  expect(told).toEqual(['opened a', 'closed a'])
  expect(parts.size).toBe(0)
})

test('what was closed is opened anew', async () => {
  const { told, parts, open } = counted()
  await parts.take('key', open('a')).release()
  expect(parts.take('key', open('b')).part).toBe('b')
  expect(told).toEqual(['opened a', 'closed a', 'opened b'])
})

test('a part that cannot be opened is not kept', () => {
  const { parts, open } = counted()
  const failing = (): string => {
    throw new Error('no')
  }
  expect(() => parts.take('key', failing)).toThrow('no')
  expect(parts.take('key', open('a')).part).toBe('a')
})

test('leases are given back together, the last one first', async () => {
  const { told, parts, open } = counted()
  const leases = new Leases()
  leases.take(parts, 'a', open('a'))
  leases.take(parts, 'b', open('b'))
  await leases.release()
  await leases.release()
  expect(told).toEqual(['opened a', 'opened b', 'closed b', 'closed a'])
})
