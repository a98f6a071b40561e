// Tells that a file may have changed, by watching its folder: a mounted Kubernetes secret changes by a swap of the
// `..data` link beside it, of which whoever watches the file itself hears nothing.
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'

/** A swap is several events; one look after the last of them is enough. */
const quietMs = 50
/** Where the folder never is quiet, because a database lies in it, one look in so long. */
const longestMs = 500

interface Folder {
  readonly watcher: FSWatcher
  readonly listeners: Set<() => void>
  timer: NodeJS.Timeout | undefined
  /** Monotonic milliseconds of the first event since the last look. */
  firstMs: number | undefined
}

export class DirectoryWatch {
  readonly #folders = new Map<string, Folder>()

  /** Calls `changed` after something in the file's folder changed. Where folders cannot be watched it is silent: poll too. */
  watch(path: string, changed: () => void): () => void {
    const name = dirname(path)
    const folder = this.#folders.get(name) ?? this.#open(name)
    folder?.listeners.add(changed)
    return () => {
      folder?.listeners.delete(changed)
      if (folder?.listeners.size === 0) this.#drop(name, folder)
    }
  }

  #open(name: string): Folder | undefined {
    try {
      const watcher = watch(name, { persistent: false })
      const folder: Folder = { watcher, listeners: new Set(), timer: undefined, firstMs: undefined }
      watcher.on('change', () => this.#soon(folder))
      // The folder was removed, or the system has no watches left: polling goes on.
      watcher.on('error', () => this.#drop(name, folder))
      this.#folders.set(name, folder)
      return folder
    } catch {
      return undefined // As where it ends later: polling notices what no watch tells.
    }
  }

  #soon(folder: Folder): void {
    clearTimeout(folder.timer)
    folder.firstMs ??= performance.now()
    const leftMs = Math.max(0, folder.firstMs + longestMs - performance.now())
    folder.timer = setTimeout(
      () => {
        folder.firstMs = undefined
        for (const listener of folder.listeners) listener()
      },
      Math.min(quietMs, leftMs),
    )
    folder.timer.unref()
  }

  #drop(name: string, folder: Folder): void {
    clearTimeout(folder.timer)
    folder.watcher.close()
    if (this.#folders.get(name) === folder) this.#folders.delete(name)
  }
}
