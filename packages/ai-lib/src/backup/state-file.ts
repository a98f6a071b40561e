// What the writer remembers beside the store: the highest generation it wrote, so that a store set back is noticed.
import { randomBytes } from 'node:crypto'
import { readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { once } from './digest.ts'
import { makeFolders, writeNewFile } from './durable-file.ts'

export interface BackupState {
  /** The highest generation that was written from here. */
  readonly generation: number
  /** When, in milliseconds since the epoch. */
  readonly lastSuccessMs: number
}

/** `undefined` where there is none, or none that can be read: then everything in the store is news. */
export async function readState(path: string): Promise<BackupState | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return undefined
    if (!('generation' in value) || !('lastSuccessMs' in value)) return undefined
    const { generation, lastSuccessMs } = value
    if (typeof generation !== 'number' || typeof lastSuccessMs !== 'number') return undefined
    return Number.isSafeInteger(generation) && generation > 0 ? { generation, lastSuccessMs } : undefined
  } catch {
    return undefined // A lost memory costs a warning that might have been, never a backup.
  }
}

/** Whole or not at all: written under another name, synced, renamed. */
export async function writeState(path: string, state: BackupState): Promise<void> {
  await makeFolders(dirname(path))
  const partial = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeNewFile(partial, once(Buffer.from(`${JSON.stringify(state)}\n`)))
    await rename(partial, path)
  } catch (fault) {
    await unlink(partial).catch(() => undefined) // What matters is the fault that is thrown.
    throw fault
  }
}
