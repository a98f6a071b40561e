// Files that are on the disk once we say so.
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file that must not be there yet, readable by its owner alone, and syncs it. */
export async function writeNewFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const bytes of content) {
      signal?.throwIfAborted()
      await file.writeFile(bytes)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes names in a folder last: of new, renamed and removed files. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * Makes a folder and those above it, for its owner alone. Node's own `recursive` never returns where a file system makes
 * no folder in one that is there and calls that ENOENT, as /proc does.
 */
export async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return
  const above = dirname(path)
  if (above !== path) await makeFolders(above)
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (thrown) {
    // Somebody else was quicker.
    if (!(await isFolder(path))) throw thrown
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false // Whatever is wrong with it, making it says so.
  }
}
