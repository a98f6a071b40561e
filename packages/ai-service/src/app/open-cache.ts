// Makes the response cache out of the configuration, on the store that it names.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { answerCodec, type CachedAnswer, memoryBytesOf } from '../cache/cached-answer.ts'
import { SingleFlight } from '../cache/single-flight.ts'
import type { CacheConfig, Config } from '../config/config.ts'
import type { CacheParts } from '../policies/cache.ts'
import type { CacheStore } from '../stores/cache-store.ts'
import { createMemoryCache } from '../stores/memory/cache-store.ts'
import { openValkeyCache } from '../stores/valkey/cache-store.ts'
import type { Log } from '../telemetry/log.ts'
import { partKey } from '../config/part-key.ts'
import { cachedRoutes } from './cached-routes.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

/** Answers, and who waits for one: what outlives a configuration, as long as the next one names the same store. */
export interface CachePlace {
  readonly store: CacheStore<CachedAnswer>
  readonly flights: SingleFlight<CachedAnswer>
}

export interface CacheSurroundings {
  readonly caches: SharedParts<Promise<CachePlace>>
  readonly log: Log
  readonly onStoreError: () => void
}

/** Undefined where the cache is off. */
export async function openCache(
  config: Config,
  { caches, log, onStoreError }: CacheSurroundings,
  leases: Leases,
): Promise<CacheParts | undefined> {
  const { cache, stores } = config
  if (cache === undefined) return undefined
  const { scope, maxRequestBytes, ttlMs, maxEntryBytes, waitMs } = cache
  const key = partKey(stores.shared, stores.shared.kind === 'memory' ? cache.maxBytes : 0)
  const { store, flights } = await leases.take(caches, key, async () => ({
    store: await openStore(config, cache, log),
    flights: new SingleFlight<CachedAnswer>(),
  }))
  return {
    rules: { scope, maxRequestBytes, routeOf: cachedRoutes(config) },
    store,
    flights,
    ttlMs,
    maxEntryBytes,
    waitMs,
    clock: systemClock,
    onStoreError,
  }
}

// Loaded only where it is asked for: the client is memory that nobody else has a use for.
function openStore(
  { stores }: Config,
  { maxBytes }: CacheConfig,
  log: Log,
): CacheStore<CachedAnswer> | Promise<CacheStore<CachedAnswer>> {
  const { shared } = stores
  if (shared.kind === 'memory') return createMemoryCache({ maxBytes, nowMs: systemClock.nowMs, sizeOf: memoryBytesOf })
  const { prefix, url } = shared
  // Without its scheme: a URL without a password is the very text that the log takes for a secret.
  const store = url.shown.slice(url.shown.indexOf('//') + 2)
  const parts = {
    url: url.url,
    prefix,
    onState: (state: 'ready' | 'away', why: string) => {
      if (state === 'ready') log.info('the shared store is there', { store })
      else log.warn('the shared store is away: the cache answers nothing until it is back', { store, why })
    },
  }
  return openValkeyCache(parts, answerCodec)
}
