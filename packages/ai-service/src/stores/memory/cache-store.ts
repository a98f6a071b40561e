// Cached answers in this process's memory, as they are, bounded by bytes, the longest unused going first.
import { ByteLru } from 'ai-lib/internal/cache/byte-lru'
import type { CacheLookup, CacheStore } from '../cache-store.ts'

export interface MemoryCacheParts<Value> {
  readonly maxBytes: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** What a value costs in memory. */
  readonly sizeOf: (value: Value) => number
}

const absent = { kind: 'absent' } as const

export function createMemoryCache<Value>({ sizeOf, ...bounds }: MemoryCacheParts<Value>): CacheStore<Value> {
  const entries = new ByteLru<Value>(bounds)
  return {
    isRemote: false,
    get(key): CacheLookup<Value> {
      const value = entries.get(key)
      return value === undefined ? absent : { kind: 'found', value }
    },
    set: (key, value, ttlMs) => entries.set(key, value, sizeOf(value), ttlMs),
    close: () => Promise.resolve(),
  }
}
