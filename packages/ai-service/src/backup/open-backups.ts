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
  readonly settings: BackupSettings
  readonly storage: ObjectStore
  /** Default: beside the database. */
  readonly stateFile?: string
  /** The state of provider keys, where a service runs. */
  readonly keys?: () => readonly BackedUpKey[]
  readonly onEvent?: (event: BackupEvent) => void
}

export function openBackups({ loaded, settings, storage, stateFile, keys, onEvent }: OpenParts): Backups {
  const { enabled, intervalMs, retentionDays, key, previousKeys } = settings
  return new Backups(
    { enabled, intervalMs, retentionDays, storage },
    {
      key,
      previousKeys,
      parts: () => partsOf(loaded, keys),
      stateFile: stateFile ?? stateFileOf(loaded),
      writer: hostname(),
      ...(onEvent === undefined ? {} : { onEvent }),
    },
  )
}
