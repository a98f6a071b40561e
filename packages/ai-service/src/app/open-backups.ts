// The schedule of backups where the configuration asks for one; its code is loaded only then.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import type { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import type { ServiceBackups } from '../backup/service-backups.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServiceMetrics } from '../telemetry/metrics.ts'
import { backedUpKeys } from './backed-up-keys.ts'
import type { OpenAudit } from './open-audit.ts'
import type { Generation } from './generation.ts'

export interface OpenBackups {
  /** Does nothing where backups are off. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface BackupObservers {
  readonly log: Log
  readonly metrics: ServiceMetrics
  readonly audit: OpenAudit
  readonly current: () => Generation
}

export function openBackups(loaded: LoadedConfig, { log, metrics, audit, current }: BackupObservers): OpenBackups {
  const settings = loaded.config.backup
  let running: Promise<ServiceBackups> | undefined
  return {
    async start() {
      if (settings?.enabled !== true) return
      metrics.backupsScheduled(settings.intervalMs / 1_000)
      running = import('../backup/service-backups.ts').then(({ startBackups }) =>
        startBackups({
          loaded,
          settings,
          log,
          keys: () => backedUpKeys(ringsOf(current()), systemClock),
          onSuccess: (seconds) => metrics.backupSucceeded(seconds),
          onAction: (action, fields) => audit.recordAdmin(action, fields),
        }),
      )
      await running
    },
    async stop() {
      metrics.backupsScheduled(undefined)
      await (await running)?.stop()
    },
  }
}

function ringsOf({ keys }: Generation): ReadonlyMap<string, KeyRing> {
  return new Map([...keys.rings].map(([provider, { ring }]) => [provider, ring]))
}
