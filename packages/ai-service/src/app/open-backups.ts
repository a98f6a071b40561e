// The schedule of backups where the configuration asks for one; its code is loaded only then.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import type { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import type { ServiceBackups } from '../backup/service-backups.ts'
import type { LoadedConfig } from '../config/config.ts'
import { partKey } from '../config/part-key.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServiceMetrics } from '../telemetry/metrics.ts'
import { backedUpKeys } from './backed-up-keys.ts'
import type { Generation } from './generation.ts'
import type { Generations } from './generations.ts'
import type { OpenAudit } from './open-audit.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

export interface BackupParts {
  readonly backups: SharedParts<Promise<ServiceBackups>>
  readonly log: Log
  readonly metrics: ServiceMetrics
  readonly audit: OpenAudit
  readonly generations: Generations<Generation>
}

/** Goes on where the schedule that runs is the one that is asked for. */
export async function openBackups(loaded: LoadedConfig, parts: BackupParts, leases: Leases): Promise<void> {
  const settings = loaded.config.backup
  const isEnabled = settings?.enabled === true
  parts.metrics.backupsScheduled(isEnabled ? settings.intervalMs / 1_000 : undefined)
  if (!isEnabled) return
  const { log, metrics, audit, generations } = parts
  await leases.take(parts.backups, partKey(settings), async () => {
    const { startBackups } = await import('../backup/service-backups.ts')
    return startBackups({
      loaded,
      current: () => generations.current.loaded,
      settings,
      log,
      keys: () => backedUpKeys(ringsOf(generations.current), systemClock),
      onSuccess: (seconds) => metrics.backupSucceeded(seconds),
      onAction: (action, fields) => audit.recordAdmin(action, fields),
    })
  })
}

function ringsOf({ keys }: Generation): ReadonlyMap<string, KeyRing> {
  return new Map([...keys.rings].map(([provider, { ring }]) => [provider, ring]))
}
