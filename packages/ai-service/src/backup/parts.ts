// What the service backs up: its configuration, its database, and the keys and heads of the audit trail beside it.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { filePart } from 'ai-lib/internal/backup/file-part'
import { isPartName } from 'ai-lib/internal/backup/manifest'
import type { BackupPart } from 'ai-lib/internal/backup/part'
import type { LoadedConfig } from '../config/config.ts'
import { configParts } from './config-part.ts'
import { databasePart } from './database-part.ts'
import { type BackedUpKey, keysPart } from './keys-part.ts'
import { trailPart } from './trail-part.ts'

/** Where a file that lies outside the configuration's folder came from: a restore says where it is expected. */
export const originFact = 'path'

/** @param keys absent where no service runs: nobody knows the state of its keys then. */
export async function partsOf(
  loaded: LoadedConfig,
  keys?: () => readonly BackedUpKey[],
): Promise<readonly BackupPart[]> {
  const { database } = loaded.config.stores
  const beside = await filesBeside(database.localPath)
  return [
    ...configParts(loaded),
    ...(keys === undefined ? [] : [keysPart(keys)]),
    // Before the database: what a head says must be in the snapshot, or the trail would seem cut off.
    ...beside.map((path) => filePart(path, nameOf(path, loaded.folder))),
    ...trailIn(loaded),
  ]
}

/** Key, signed heads and spools of the audit trail; not the locks of running processes. */
async function filesBeside(path: string): Promise<readonly string[]> {
  const isOurs = (name: string): boolean =>
    name.startsWith(`${basename(path)}-audit`) && /-audit(?:\.key|-\d{1,4}\.(?:head|spool))$/.test(name)
  try {
    return (await readdir(dirname(path)))
      .filter(isOurs)
      .toSorted()
      .map((name) => join(dirname(path), name))
  } catch {
    return [] // No folder: nothing has been recorded yet.
  }
}

/** SQLite whole; of PostgreSQL, which has tools of its own, the audit trail. */
function trailIn({ config, folder }: LoadedConfig): readonly BackupPart[] {
  const { database } = config.stores
  if (database.kind === 'sqlite') {
    const { path } = database
    return [databasePart(path, nameOf(path, folder), originOf(path, folder))]
  }
  const isStored = config.audit.enabled && config.audit.sinks.includes('store')
  return isStored ? [trailPart(database.url.url.reveal())] : []
}

function nameOf(path: string, folder: string): string {
  const near = relative(folder, path)
  return isPartName(near) ? near : `data/${basename(path)}`
}

function originOf(path: string, folder: string): Readonly<Record<string, string>> {
  return isPartName(relative(folder, path)) ? {} : { [originFact]: path }
}
