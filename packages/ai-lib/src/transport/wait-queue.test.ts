// Who is served next and who is refused, without a single socket.
import { describe, expect, test, vi } from 'vitest'
import { type Waiter, WaitQueue, type WaitQueueParts } from './wait-queue.ts'

interface Named extends Waiter {
  readonly name: string
  reason?: string
}

function named(name: string): Named {
  const item: Named = {
    name,
    caller: name.charAt(0),
    refuse(reason) {
      item.reason = reason
    },
  }
  return item
}

function open(parts: Partial<WaitQueueParts> = {}) {
  return new WaitQueue<Named>({ max: 100, maxOfCaller: Infinity, timeoutMs: 60_000, ...parts })
}

const all = (): boolean => true

function drain(queue: WaitQueue<Named>): string {
  const names: string[] = []
  for (let next = queue.take(all); next !== undefined; next = queue.take(all)) names.push(next.name)
  return names.join(' ')
}

describe('turns', () => {
  test('each caller in order, callers in turn', () => {
    const queue = open()
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(named(name))
    expect(drain(queue)).toBe('a1 b1 c1 a2 b2 a3')
    expect(queue.size).toBe(0)
  })

  test('who leaves gives its turn to the next of the same caller', () => {
    const queue = open()
    const items = ['a1', 'a2', 'b1', 'b2'].map(named)
    for (const item of items) queue.add(item)
    expect(items.slice(0, 1).map((item) => queue.delete(item))).toEqual([true])
    expect(queue.delete(named('a9'))).toBe(false)
    expect(drain(queue)).toBe('a2 b1 b2')
  })

  test('a caller that may not go now keeps its place', () => {
    const queue = open()
    for (const name of ['a1', 'b1', 'a2']) queue.add(named(name))
    expect(queue.take((caller) => caller !== 'a')?.name).toBe('b1')
    expect(queue.take((caller) => caller !== 'a')).toBeUndefined()
    expect(drain(queue)).toBe('a1 a2')
  })
})

describe('bounds', () => {
  test('a full queue refuses a caller that waits as often as any other', () => {
    const queue = open({ max: 2 })
    const items = ['a1', 'a2', 'a3'].map(named)
    for (const item of items) queue.add(item)
    expect(items.map(({ reason }) => reason)).toEqual([
      undefined,
      undefined,
      '2 wait for one already, which is the limit.',
    ])
  })

  test('a burst keeps nobody out: others take the places of its last ones until all have as many', () => {
    const queue = open({ max: 6 })
    const burst = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map(named)
    const others = ['b1', 'b2', 'b3', 'b4'].map(named)
    for (const item of [...burst, ...others]) queue.add(item)
    expect(burst.filter(({ reason }) => reason).map(({ name }) => name)).toEqual(['a4', 'a5', 'a6'])
    expect(others.filter(({ reason }) => reason).map(({ name }) => name)).toEqual(['b4'])
    expect(drain(queue)).toBe('a1 b1 a2 b2 a3 b3')
  })

  test('one caller has no more than its share', () => {
    const queue = open({ maxOfCaller: 1 })
    const items = ['a1', 'a2', 'b1'].map(named)
    for (const item of items) queue.add(item)
    expect(items.map(({ reason }) => reason)).toEqual([
      undefined,
      'This caller has 1 waiting for one already, which is its share.',
      undefined,
    ])
  })

  test('who has waited long enough is told so', () => {
    vi.useFakeTimers()
    try {
      const queue = open({ timeoutMs: 500 })
      const item = named('a1')
      queue.add(item)
      vi.advanceTimersByTime(499)
      expect(item.reason).toBeUndefined()
      vi.advanceTimersByTime(2)
      expect(item.reason).toBe('None came free within 500 ms.')
    } finally {
      vi.useRealTimers()
    }
  })

  test('who is served or leaves is not told of a timeout', () => {
    vi.useFakeTimers()
    try {
      const changes: number[] = []
      const queue = open({ onChange: (change) => changes.push(change) })
      const items = ['a1', 'b1'].map(named)
      for (const item of items) queue.add(item)
      queue.take(all)
      for (const item of items) queue.delete(item)
      vi.runAllTimers()
      expect(items.map(({ reason }) => reason)).toEqual([undefined, undefined])
      expect(changes).toEqual([1, 1, -1, -1])
    } finally {
      vi.useRealTimers()
    }
  })
})
