// The running service's backups: on schedule, told in log and metric, and kept on this machine while the store is away.
import { rm } from 'node:fs/promises'
import type { BackupEvent } from 'ai-lib/internal/backup/backup-config'
import { FolderStorage } from 'ai-lib/internal/backup/folder-storage'
import { readState } from 'ai-lib/internal/backup/state-file'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { BackupSettings, LoadedConfig } from '../config/config.ts'
import type { BackedUpKey } from './keys-part.ts'
import { openObjectStore } from './object-store.ts'
import { openBackups } from './open-backups.ts'
import { pendingFolderOf, stateFileOf } from './state-folder.ts'

export interface BackupLog {
  info(message: string, fields: Readonly<Record<string, string | number>>): void
  warn(message: string, fields: Readonly<Record<string, string | number>>): void
  error(message: string, fields: { readonly error: unknown; readonly to: string }): void
}

export interface ServiceBackupParts {
  readonly loaded: LoadedConfig
  /** What the service is configured with when a backup begins. */
  current(): LoadedConfig
  readonly settings: BackupSettings
  readonly log: BackupLog
  /** The state of provider keys as it is now. */
  keys(): readonly BackedUpKey[]
  /** Seconds since the epoch; told at the start too, of the last one that is known here. */
  onSuccess(seconds: number): void
  /** Told of what was made and removed, for the audit trail. */
  onAction(action: 'backup.made' | 'backup.removed', fields: Readonly<Record<string, unknown>>): void
}

export interface ServiceBackups {
  /** Ends the schedule; a backup under way is given up and leaves no candidate. */
  stop(): Promise<void>
}

/** Never throws for a store that is away: it is told in the log, and tried again. */
export async function startBackups(parts: ServiceBackupParts): Promise<ServiceBackups> {
  const { loaded, settings, log, onSuccess, onAction } = parts
  const storage = openObjectStore(settings.target)
  const pending = settings.target.kind === 's3' ? openPending(parts) : undefined
  const known = await readState(stateFileOf(loaded))
  if (known) onSuccess(known.lastSuccessMs / 1_000)
  const backups = openBackups({
    loaded,
    current: () => parts.current(),
    settings,
    storage,
    keys: () => parts.keys(),
    onEvent(event) {
      tell(event, storage.location, log)
      if (event.type === 'backup-done') {
        onSuccess(Date.parse(event.manifest.createdAt) / 1_000)
        onAction('backup.made', { generation: event.manifest.generation, to: storage.location })
        pending?.drop()
      } else if (event.type === 'backup-failed') pending?.keep(event.error)
      else if (event.type === 'generation-removed')
        onAction('backup.removed', { generation: event.generation, to: storage.location })
    },
  })
  backups.start()
  return {
    async stop() {
      await Promise.all([backups.stop(), pending?.stop()])
    },
  }
}

function tell(event: BackupEvent, to: string, log: BackupLog): void {
  switch (event.type) {
    case 'backup-done': {
      const { generation, parts } = event.manifest
      const bytes = parts.reduce((sum, part) => sum + part.sealedBytes, 0)
      return log.info('backup taken', { generation, parts: parts.length, bytes, took_ms: Math.round(event.tookMs), to })
    }
    case 'backup-failed':
      return log.error('backup failed; it is tried again', { error: event.error, to })
    case 'generation-removed':
      return log.info('backup removed', { generation: event.generation, to })
    case 'upkeep-failed':
      return log.error('backup is good, what follows one failed', { error: event.error, to })
    case 'rollback-noticed':
      return log.warn(
        'the store holds older backups than were written from here: it was set back, or some were removed',
        {
          known: event.known,
          newest: event.newest,
          to,
        },
      )
  }
}

interface Pending {
  keep(error: unknown): void
  drop(): void
  stop(): Promise<void>
}

/** One sealed backup on this machine's disk while the store cannot be reached, renewed once an interval. */
function openPending({ loaded, current, settings, log, keys }: ServiceBackupParts): Pending {
  const folder = pendingFolderOf(loaded)
  const storage = new FolderStorage(folder)
  const onEvent = (event: BackupEvent): void => {
    if (event.type === 'backup-failed')
      log.error('no backup could be kept here either', { error: event.error, to: storage.location })
    if (event.type === 'backup-done')
      log.warn('backup kept on this machine until the store can be reached', {
        generation: event.manifest.generation,
        to: storage.location,
      })
  }
  // Only the newest is kept: what is older than a moment is past its days.
  const own = { ...settings, retentionDays: Number.EPSILON }
  const backups = openBackups({
    loaded,
    current: () => current(),
    settings: own,
    storage,
    stateFile: `${folder}.json`,
    keys: () => keys(),
    onEvent,
  })
  let keptMs = Number.NEGATIVE_INFINITY
  let tail: Promise<unknown> = Promise.resolve()
  return {
    keep(error) {
      if (!(error instanceof AiError && error.code === 'service_backup_storage')) return
      const nowMs = performance.now()
      if (nowMs - keptMs < settings.intervalMs) return
      keptMs = nowMs
      tail = tail.then(() => backups.now()).catch(() => undefined) // Told as an event already.
    },
    drop() {
      keptMs = Number.NEGATIVE_INFINITY
      tail = tail
        .then(() => rm(folder, { recursive: true, force: true }))
        .catch((error: unknown) =>
          log.error('a backup kept on this machine could not be removed', { error, to: storage.location }),
        )
    },
    async stop() {
      await backups.stop()
      await tail
    },
  }
}
