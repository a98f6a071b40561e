// Fills in `cache:`: absent or not enabled, there is none.
import type { Building } from './building.ts'
import type { CacheConfig } from './config.ts'

const MiB = 1024 * 1024

export function resolveCache({ file, findings }: Building): CacheConfig | undefined {
  const { cache } = file
  if (cache === undefined) return undefined
  const { enabled = false, ttl: ttlMs = 600_000, maxBytes = 64 * MiB, scope = 'key', wait: waitMs = 30_000 } = cache
  const { maxRequestBytes = 256 * 1024, maxEntryBytes = Math.min(MiB, maxBytes) } = cache
  if (maxEntryBytes > maxBytes)
    findings.problem(['cache', 'maxEntryBytes'], 'found more than cache.maxBytes, expected at most as much')
  if (!enabled) {
    findings.warn('cache is written and not enabled: add enabled: true.')
    return undefined
  }
  if (scope === 'global') findings.warn('cache.scope is global: all callers are given each other’s answers.')
  return { ttlMs, maxBytes, maxEntryBytes, maxRequestBytes, scope, waitMs }
}
