// Where the service keeps what it must remember of its backups: beside its database.
import { dirname, join } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'

export function stateFileOf({ config }: LoadedConfig): string {
  return join(dirname(config.stores.database.localPath), 'backup-state.json')
}

/** A whole backup that could not leave this machine, until one can. */
export function pendingFolderOf({ config }: LoadedConfig): string {
  return join(dirname(config.stores.database.localPath), 'backup-pending')
}
