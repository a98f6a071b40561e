// Cached answers in this process's memory, bounded by bytes, the longest unused going first.
import { ByteLru } from 'ai-lib/internal/cache/byte-lru'
import type { CacheLookup, CacheStore } from '../cache-store.ts'

const absent: CacheLookup = { kind: 'absent' }

export function createMemoryCache(options: { readonly maxBytes: number; readonly nowMs: () => number }): CacheStore {
  const entries = new ByteLru<Uint8Array>(options)
  return {
    isRemote: false,
    get(key) {
      const value = entries.get(key)
      return value === undefined ? absent : { kind: 'found', value }
    },
    set: (key, value, ttlMs) => entries.set(key, value, value.length, ttlMs),
    close: () => Promise.resolve(),
  }
}
