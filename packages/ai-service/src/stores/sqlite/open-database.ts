// Opens the service's SQLite file: made where there is none, refused where it is damaged or of a later version.
import { closeSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../audit-store.ts'
import { makeFolders } from '../make-folders.ts'
import { migrations, schemaVersion } from '../migrations.ts'

/** Older ones can lose the write-ahead log when two connections reset it at once. */
const oldest = [3, 51, 3]
/** Up to this size every page is looked at; of a larger file only what is used. */
const checkedBytes = 64 * 1024 * 1024

/** @throws StoreUnusable. Blocks: for a thread of its own, or a command. */
export function openDatabase(path: string): DatabaseSync {
  const database = connect(path)
  try {
    assertVersion(database)
    assertWhole(database, path)
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0; PRAGMA cache_size = -1024',
    )
    database.exec('PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF')
    migrate(database, path)
    return database
  } catch (thrown) {
    database.close()
    throw explained(thrown, path)
  }
}

/** For commands beside a running service: reads, and changes nothing. @throws StoreUnusable. */
export function openForReading(path: string): DatabaseSync {
  try {
    statSync(path)
  } catch {
    throw new StoreUnusable(`There is no database at ${path}: nothing has been recorded there.`)
  }
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs })
    assertKnown(versionOf(database), path)
    return database
  } catch (thrown) {
    throw explained(thrown, path)
  }
}

const busyMs = 5_000

function connect(path: string): DatabaseSync {
  try {
    makeFolders(dirname(path))
    // Who called whom, and when, is nobody else's business.
    closeSync(openSync(path, 'a', 0o600))
    return new DatabaseSync(path, { timeout: busyMs })
  } catch (thrown) {
    throw explained(thrown, path)
  }
}

function assertVersion(database: DatabaseSync): void {
  const text = String(database.prepare('SELECT sqlite_version() AS version').get()?.['version'])
  const parts = text.split('.').map(Number)
  const differing = oldest.findIndex((part, index) => part !== parts[index])
  if (differing !== -1 && (parts[differing] ?? 0) < (oldest[differing] ?? 0))
    throw new StoreUnusable(`SQLite ${text} is too old; ${oldest.join('.')} or newer is needed: use a newer Node.`)
}

function assertWhole(database: DatabaseSync, path: string): void {
  const isSmall = statSync(path).size <= checkedBytes
  const row = isSmall
    ? database.prepare('PRAGMA quick_check(1)').get()
    : database.prepare('PRAGMA schema_version').get()
  if (isSmall && row?.['quick_check'] !== 'ok') throw damaged(path, String(row?.['quick_check']))
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

function assertKnown(version: number, path: string): void {
  if (version > schemaVersion)
    throw new StoreUnusable(
      `The database ${path} is of a later version of ai-service (schema ${version}, this one knows ${schemaVersion}). ` +
        'Start that version, or restore a backup of this one into an empty folder: ai-service restore.',
    )
}

function migrate(database: DatabaseSync, path: string): void {
  assertKnown(versionOf(database), path)
  if (versionOf(database) === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  // Another process may have done it while we waited.
  for (const step of migrations.slice(versionOf(database))) for (const statement of step) database.exec(statement)
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
  database.exec('COMMIT')
}

function damaged(path: string, what: string): StoreUnusable {
  return new StoreUnusable(
    `The database ${path} is damaged (${what}). Nothing was changed. Move it away with its -wal and -shm files and ` +
      'restore the last backup: ai-service restore. Or set stores.database to another file.',
  )
}

const SQLITE_NOTADB = 26
const SQLITE_CORRUPT = 11

function explained(thrown: unknown, path: string): unknown {
  if (thrown instanceof StoreUnusable || !(thrown instanceof Error)) return thrown
  const code = 'errcode' in thrown && typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : 0
  if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) return damaged(path, thrown.message)
  const why =
    'code' in thrown && typeof thrown.code === 'string' && !('errcode' in thrown) ? thrown.code : thrown.message
  return new StoreUnusable(
    `The database ${path} cannot be opened for writing (${why}). Set stores.database to a place that this user may ` +
      'write, such as sqlite:/var/lib/ai-service/ai-service.db, or switch the audit trail off: audit: { enabled: false }.',
  )
}
