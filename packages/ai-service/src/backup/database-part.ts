// An SQLite file as a part: a snapshot of one moment, taken beside whoever writes to it.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { BackupPart } from 'ai-lib/internal/backup/part'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { openAuditStore } from '../audit/open-store.ts'
import { trailFacts } from './trail-facts.ts'

/** A snapshot that a killed process left behind is removed once it is this old. */
const abandonedMs = 24 * 3_600_000
const busyMs = 5_000
/** All pages in one step: copying in several would begin anew whenever somebody writes in between. */
const allPages = 2 ** 31 - 1

/** @param path of the file; where there is none, nothing has been recorded and the part is left out. */
export function databasePart(path: string, name: string, facts: Readonly<Record<string, string>> = {}): BackupPart {
  return {
    name,
    async open(signal) {
      if (!(await isThere(path))) return undefined
      const folder = join(dirname(path), `.${basename(path)}-snapshot-${randomBytes(6).toString('hex')}`)
      const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
      try {
        await removeAbandoned(path)
        // The same disk and the same protection as the database itself: the system's temporary folder may have neither.
        await mkdir(folder, { mode: 0o700 })
        const copy = join(folder, 'copy.db')
        const pages = await snapshot(path, copy)
        return {
          content: createReadStream(copy, { highWaterMark: 256 * 1024, signal }),
          facts: { ...facts, ...(await trailOf(copy)), pages: String(pages) },
          close,
        }
      } catch (fault) {
        await close()
        throw explained(fault, path)
      }
    },
  }
}

/** Copies on a thread of Node's pool; the event loop only waits. */
async function snapshot(path: string, copy: string): Promise<number> {
  const { backup, DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs })
  try {
    const pages = await backup(database, copy, { rate: allPages })
    await chmod(copy, 0o600)
    return pages
  } finally {
    database.close()
  }
}

/** How far the trail in a copy goes; nothing where there is none. */
async function trailOf(copy: string): Promise<Readonly<Record<string, string>>> {
  try {
    const store = await openAuditStore({ kind: 'sqlite', path: copy }, 'reading')
    try {
      return trailFacts(await store.heads())
    } finally {
      await store.close()
    }
  } catch {
    return {} // No trail, or none that can be read: a damaged database is backed up as it is, and a restore says so.
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const start = `.${basename(path)}-snapshot-`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(start)) continue
    const left = join(dirname(path), name)
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY })) // Gone meanwhile.
    if (Date.now() - mtimeMs > abandonedMs) await rm(left, { recursive: true, force: true })
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return false
    throw explained(fault, path)
  }
}

function explained(fault: unknown, path: string): unknown {
  if (fault instanceof AiError || !(fault instanceof Error)) return fault
  const why = 'code' in fault && fault.code !== 'ERR_SQLITE_ERROR' ? String(fault.code) : fault.message
  return new AiError('service_backup_source', { message: `${path} cannot be copied (${why}).` }, { cause: fault })
}
