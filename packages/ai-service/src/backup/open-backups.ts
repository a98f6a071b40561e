// The library's backups with the service's parts, for the schedule and the commands alike.
import { hostname } from 'node:os'
import type { BackupEvent } from 'ai-lib/internal/backup/backup-config'
import { Backups } from 'ai-lib/internal/backup/backups'
import type { ObjectStore } from 'ai-lib/internal/backup/object-store'
import type { BackupSettings, LoadedConfig } from '../config/config.ts'
import type { BackedUpKey } from './keys-part.ts'
import { partsOf } from './parts.ts'
import { stateFileOf } from './state-folder.ts'

export interface OpenParts {
  readonly loaded: LoadedConfig
  /** What a running service is configured with when a backup begins. Default `loaded`. */
  readonly current?: () => LoadedConfig
  readonly settings: BackupSettings
  readonly storage: ObjectStore
  /** Default: beside the database. */
  readonly stateFile?: string
  /** The state of provider keys, where a service runs. */
  readonly keys?: () => readonly BackedUpKey[]
  readonly onEvent?: (event: BackupEvent) => void
}

export function openBackups(open: OpenParts): Backups {
  const { loaded, current = () => loaded, settings, storage, stateFile, keys, onEvent } = open
  const { enabled, intervalMs, retentionDays, key, previousKeys } = settings
  return new Backups(
    { enabled, intervalMs, retentionDays, storage },
    {
      key,
      previousKeys,
      parts: () => partsOf(current(), keys),
      stateFile: stateFile ?? stateFileOf(loaded),
      writer: hostname(),
      ...(onEvent === undefined ? {} : { onEvent }),
    },
  )
}
