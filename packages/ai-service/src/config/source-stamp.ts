// A text that changes when what a configuration was read from does: the content of files, the names in folders.
import { createHash, type Hash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { errorCodeOf } from '../secrets/sources.ts'
import type { WatchedSources } from './config.ts'

/** Larger than anything that is taken: of these size and time say enough. */
const maxBytes = 4 * 1024 * 1024

/** Reads the content, because a mounted file may change without a change of its times. Never rejects. */
export async function stampOf({ files, folders }: WatchedSources): Promise<string> {
  const hash = createHash('sha256')
  for (const path of files) await addFile(hash, path)
  for (const path of folders) await addNames(hash, path)
  return hash.digest('base64url')
}

async function addFile(hash: Hash, path: string): Promise<void> {
  try {
    const { size, mtimeMs, isFile } = await kindOf(path)
    hash.update(`\n${path} ${size} `)
    // A pipe or a device would never end.
    if (isFile && size <= maxBytes) hash.update(await readFile(path))
    else hash.update(String(mtimeMs))
  } catch (error) {
    hash.update(`\n${path} ${errorCodeOf(error)}`)
  }
}

async function kindOf(path: string) {
  const status = await stat(path)
  return { size: status.size, mtimeMs: status.mtimeMs, isFile: status.isFile() }
}

async function addNames(hash: Hash, path: string): Promise<void> {
  try {
    hash.update(`\n${path} ${JSON.stringify((await readdir(path)).toSorted())}`)
  } catch (error) {
    hash.update(`\n${path} ${errorCodeOf(error)}`)
  }
}
