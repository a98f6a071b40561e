// Files that are on the disk once we say so.
import { open } from 'node:fs/promises'

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
