// Notices that a configuration may be another: by its folders, at once, and by the content of its files, now and then.
import { dirname } from 'node:path'
import type { ReloadConfig, WatchedSources } from '../config/config.ts'
import { stampOf } from '../config/source-stamp.ts'
import type { DirectoryWatch } from '../secrets/directory-watch.ts'

export interface ConfigWatchParts {
  readonly folders: DirectoryWatch
  /** As the configuration that serves says. */
  settings(): ReloadConfig
  readonly reloader: {
    readonly sources: WatchedSources
    readonly stamp: string | undefined
    readonly isRefused: boolean
    reload(trigger: 'change'): Promise<void>
  }
}

/** Between two looks that have to agree: an editor writes a file in pieces, and half of one may be valid. */
const settleMs = 50
/** Looks at files that change all the time before they are taken as they are. */
const maxLooks = 20

export class ConfigWatch {
  readonly #parts: ConfigWatchParts
  readonly #watched = new Map<string, () => void>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isAskedAgain = false
  #isClosed = false

  constructor(parts: ConfigWatchParts) {
    this.#parts = parts
    this.#follow()
    this.#schedule()
  }

  /** What is watched at the moment, for tests of what is left behind. */
  get watchedFolders(): readonly string[] {
    return [...this.#watched.keys()]
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const unwatch of this.#watched.values()) unwatch()
    this.#watched.clear()
  }

  /** To be called after a reload that this did not begin: what is to be watched may be another. */
  follow(): void {
    if (this.#isClosed) return
    this.#follow()
    this.#schedule()
  }

  #follow(): void {
    const { files, folders } = this.#parts.reloader.sources
    const wanted = this.#parts.settings().watch ? [...files.map((file) => dirname(file)), ...folders] : []
    for (const [folder, unwatch] of this.#watched) {
      if (wanted.includes(folder)) continue
      unwatch()
      this.#watched.delete(folder)
    }
    for (const folder of wanted) {
      if (this.#watched.has(folder)) continue
      this.#watched.set(
        folder,
        this.#parts.folders.watch(`${folder}/any`, () => void this.#look('told')),
      )
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const { intervalMs } = this.#parts.settings()
    if (this.#isClosed || intervalMs === 0) return
    this.#timer = setTimeout(() => void this.#look('due'), intervalMs)
    this.#timer.unref()
  }

  /** @param why `due` tries again, too, what was refused. */
  async #look(why: 'told' | 'due'): Promise<void> {
    if (this.#isClosed) return
    if (this.#looking) {
      this.#isAskedAgain = true
      return
    }
    this.#looking = this.#lookOnce(why)
    await this.#looking
    this.#looking = undefined
    this.follow()
    if (!this.#isAskedAgain) return
    this.#isAskedAgain = false
    await this.#look('told')
  }

  async #lookOnce(why: 'told' | 'due'): Promise<void> {
    const { reloader } = this.#parts
    const stamp = await this.#settledStamp()
    if (this.#isClosed) return
    if (stamp === reloader.stamp && !(why === 'due' && reloader.isRefused)) return
    await reloader.reload('change')
  }

  async #settledStamp(): Promise<string> {
    const { reloader } = this.#parts
    let stamp = await stampOf(reloader.sources)
    for (let look = 0; look < maxLooks && stamp !== reloader.stamp && !this.#isClosed; look++) {
      await new Promise((resolve) => {
        setTimeout(resolve, settleMs).unref()
      })
      const next = await stampOf(reloader.sources)
      if (next === stamp) break
      stamp = next
    }
    return stamp
  }
}
