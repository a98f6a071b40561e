// Writes a generation into a folder: everything is opened and compared first, then put into place, or nothing is.
import { randomBytes } from 'node:crypto'
import { lstat, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AiError } from '../errors/ai-error.ts'
import { makeFolders, syncFolder, writeNewFile } from './durable-file.ts'
import { type PartReading, readPart, refused } from './read-generation.ts'
import { faultCode } from './storage-error.ts'

export interface RestoreTarget {
  /** Made where it is absent. */
  readonly folder: string
  /** Everything is read, opened and compared; nothing is written. */
  readonly dryRun: boolean
  /** Files of the same names are replaced. */
  readonly force: boolean
}

/** A database's files beside it: left from another database they would be taken for its own. */
const companions = ['-wal', '-shm', '-journal']

/** The names of the files written. @throws AiError where something is wrong; the folder is then as it was. */
export async function restoreParts(reading: PartReading, target: RestoreTarget): Promise<readonly string[]> {
  const { parts } = reading.opened.manifest
  const folder = resolve(target.folder)
  const names = parts.map(({ name }) => name)
  const repeated = names.find((name, at) => names.indexOf(name) !== at)
  if (repeated !== undefined) throw refused(`generation ${reading.generation} names ${repeated} twice.`)
  const taken = await takenPaths(folder, names)
  if (taken.length > 0 && !target.force)
    throw refused(`${folder} has ${taken.slice(0, 5).join(', ')} already: name an empty folder, or use --force.`)
  const staging = join(folder, `.restoring-${randomBytes(6).toString('hex')}`)
  try {
    for (const part of parts) {
      if (target.dryRun) for await (const _ of readPart(reading, part));
      else {
        await makeFolders(dirname(join(staging, part.name)))
        await writeNewFile(join(staging, part.name), readPart(reading, part))
      }
    }
    if (!target.dryRun) await publish(staging, folder, names, taken)
  } catch (fault) {
    throw explain(fault, folder)
  } finally {
    if (!target.dryRun) await rm(staging, { recursive: true, force: true })
  }
  return names
}

async function publish(staging: string, folder: string, names: readonly string[], taken: readonly string[]) {
  for (const path of taken) if (!names.includes(path)) await rm(join(folder, path))
  for (const name of names) {
    await makeFolders(dirname(join(folder, name)))
    await rename(join(staging, name), join(folder, name))
  }
  for (const below of new Set(names.map((name) => dirname(join(folder, name))))) await syncFolder(below)
}

async function takenPaths(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of names) {
    for (const path of [name, ...companions.map((suffix) => `${name}${suffix}`)])
      if (await isThere(join(folder, path))) found.push(path)
  }
  return found
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (fault) {
    if (faultCode(fault) === 'ENOENT' || faultCode(fault) === 'ENOTDIR') return false
    throw explain(fault, path)
  }
}

function explain(fault: unknown, folder: string): unknown {
  const code = faultCode(fault)
  if (fault instanceof AiError || code === undefined) return fault
  return new AiError('service_backup_refused', { message: `${folder} cannot be written (${code}).` }, { cause: fault })
}
