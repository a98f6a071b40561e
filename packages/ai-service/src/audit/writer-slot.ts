// Who writes: a process takes the first free slot beside the database, and with it the writer id whose chain it goes on.
//
// A slot is an SQLite file held under its exclusive lock. The system gives the lock back when the process ends, however
// it ends, so that after a kill the next start has the same slot, and two processes never have one.
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../stores/audit-store.ts'
import { makeFolders } from '../stores/make-folders.ts'
import { auditFiles, slotsAt } from './audit-files.ts'

export interface WriterSlot {
  readonly index: number
  /** The id to write as. */
  readonly writer: string
  /** Every id that this slot has written as, the present one included. */
  readonly writers: readonly string[]
  /** Begins a chain of its own: the old one does not go on from where the store ends. */
  renew(): WriterSlot
  release(): void
}

const maxSlots = 1_000
const SQLITE_BUSY = 5

/** @throws StoreUnusable where the folder cannot be written. */
export function takeSlot(base: string): WriterSlot {
  try {
    makeFolders(dirname(base))
    for (let index = 0; index < maxSlots; index++) {
      const slot = tryTake(base, index)
      if (slot) return slot
    }
  } catch (thrown) {
    throw new StoreUnusable(
      `The audit trail cannot write into ${dirname(base)} (${reasonOf(thrown)}). Set stores.database to a place that this ` +
        'user may write, such as sqlite:/var/lib/ai-service/ai-service.db, or switch the trail off: audit: { enabled: false }.',
    )
  }
  throw new StoreUnusable(`${maxSlots} processes write beside ${base} already.`)
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown fault'
  return 'code' in thrown && typeof thrown.code === 'string' && !('errcode' in thrown) ? thrown.code : thrown.message
}

/** Ids of slots that nobody holds; `own` is left out. */
export function abandonedWriters(base: string, own: number): string[] {
  return slotsAt(base)
    .filter((index) => index !== own)
    .flatMap((index) => {
      const slot = tryTake(base, index)
      slot?.release()
      return slot?.writers ?? []
    })
}

function tryTake(base: string, index: number): WriterSlot | undefined {
  const path = auditFiles(base).slot(index)
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // In this mode the lock that the first write takes is kept until the file is closed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -64; BEGIN EXCLUSIVE')
    database.exec('CREATE TABLE IF NOT EXISTS writers (id TEXT NOT NULL)')
    const writers = database
      .prepare('SELECT id FROM writers ORDER BY rowid')
      .all()
      .map((row) => String(row['id']))
    database.exec('PRAGMA user_version = 1; COMMIT')
    return writers.length === 0 ? renewed(database, index, writers) : slotOf(database, index, writers)
  } catch (thrown) {
    database.close()
    if (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === SQLITE_BUSY) return undefined
    throw thrown
  }
}

function renewed(database: DatabaseSync, index: number, writers: readonly string[]): WriterSlot {
  const writer = `w_${randomBytes(8).toString('hex')}`
  database.prepare('INSERT INTO writers (id) VALUES (?)').run(writer)
  return slotOf(database, index, [...writers, writer])
}

function slotOf(database: DatabaseSync, index: number, writers: readonly string[]): WriterSlot {
  return {
    index,
    writer: writers.at(-1) ?? '',
    writers,
    renew: () => renewed(database, index, writers),
    release: () => database.close(),
  }
}
