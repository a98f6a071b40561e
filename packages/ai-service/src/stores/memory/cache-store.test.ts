// The store in memory keeps the contract of stores for cached answers, within its bytes.
import { expect, it } from 'vitest'
import { describeCacheStore } from '../cache-store.test.kit.ts'
import { createMemoryCache } from './cache-store.ts'

const sizeOf = ({ length }: Uint8Array): number => length

describeCacheStore('memory', () => {
  let nowMs = 0
  return Promise.resolve({
    store: createMemoryCache({ maxBytes: 8 * 1024 * 1024, nowMs: () => nowMs, sizeOf }),
    pass(ms) {
      nowMs += ms
      return Promise.resolve()
    },
  })
})

it('makes room by what was asked for longest ago', async () => {
  const store = createMemoryCache({ maxBytes: 1_500, nowMs: () => 0, sizeOf })
  for (const key of ['a', 'b']) await store.set(key, Buffer.alloc(500), 1_000)
  await store.get('a')
  await store.set('c', Buffer.alloc(500), 1_000)
  expect(['a', 'b', 'c'].map((key) => store.get(key))).toMatchObject([
    { kind: 'found' },
    { kind: 'absent' },
    { kind: 'found' },
  ])
})

it('does not keep what alone is too large', () => {
  const store = createMemoryCache({ maxBytes: 1_000, nowMs: () => 0, sizeOf })
  expect(store.set('k', Buffer.alloc(1_000), 1_000)).toBe(false)
})
