// Makes a folder and those above it, for its owner alone.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Node's own `recursive` never returns where a file system makes no folder in one that is there and calls that ENOENT,
 * as /proc does: a start would hang for a mistyped path.
 */
export function makeFolders(path: string): void {
  if (isFolder(path)) return
  const above = dirname(path)
  if (above !== path) makeFolders(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (thrown) {
    // Somebody else was quicker.
    if (!isFolder(path)) throw thrown
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // Whatever is wrong with it, making it says so.
  }
}
