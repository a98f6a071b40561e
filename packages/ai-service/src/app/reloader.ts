// Takes other configurations over, one at a time: read, checked, built and only then swapped in, or not at all.
import type { LoadedConfig, WatchedSources } from '../config/config.ts'
import type { LoadResult } from '../config/load.ts'
import { problemsOfReplacing } from '../config/may-replace.ts'
import { formatProblem } from '../config/problem.ts'
import { stampOf } from '../config/source-stamp.ts'

/** Somebody asked for it, or what it is read from seems to be another. */
export type ReloadTrigger = 'signal' | 'change'

export type ReloadOutcome =
  | { readonly kind: 'applied'; readonly from: LoadedConfig; readonly to: LoadedConfig }
  | { readonly kind: 'unchanged'; readonly running: LoadedConfig }
  | { readonly kind: 'rejected'; readonly running: LoadedConfig; readonly problems: readonly string[] }

export interface ReloaderParts {
  /** Reads and checks the same sources again; changes nothing. */
  load(): Promise<LoadResult>
  running(): LoadedConfig
  /** Serves by it from now on. @throws where it cannot be built; the one before goes on serving then. */
  replace(next: LoadedConfig): Promise<void>
  tell(outcome: ReloadOutcome, trigger: ReloadTrigger): void
}

/** Problems that are told of at most: a file of another kind may have thousands. */
const maxProblems = 20

export class Reloader {
  readonly #parts: ReloaderParts
  #sources: WatchedSources
  /** Of the sources before they were read last; undefined where that is not known. */
  #stamp: string | undefined
  /** Whether the last one was read without a stamp to tell whether its files had changed at all. */
  #isDoubtful = true
  #asked: ReloadTrigger | undefined
  #running: Promise<void> | undefined
  /** What was told of the last time, where that was a refusal. */
  #refusal: string | undefined
  #isClosed = false

  constructor(parts: ReloaderParts) {
    this.#parts = parts
    this.#sources = parts.running().sources
  }

  /** What the last configuration was read from, whether or not it was taken over. */
  get sources(): WatchedSources {
    return this.#sources
  }

  /** Of the sources as they were read last. */
  get stamp(): string | undefined {
    return this.#stamp
  }

  /** Whether the last one was refused: the reason may lie outside its files, and pass. */
  get isRefused(): boolean {
    return this.#refusal !== undefined
  }

  /** One asked for while another is under way follows it, which may have read the old files. Never rejects. */
  reload(trigger: ReloadTrigger): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    if (this.#asked !== 'signal') this.#asked = trigger
    this.#running ??= this.#untilQuiet()
    return this.#running
  }

  /** Begins no further one, and resolves once one that is under way is over. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  async #untilQuiet(): Promise<void> {
    try {
      while (this.#asked !== undefined && !this.#isClosed) {
        const trigger = this.#asked
        this.#asked = undefined
        this.#tell(await this.#once(), trigger)
      }
    } finally {
      this.#running = undefined
    }
  }

  async #once(): Promise<ReloadOutcome> {
    const running = this.#parts.running()
    try {
      // Before they are read: what changes meanwhile is another stamp, and read again.
      const stamp = await stampOf(this.#sources)
      const result = await this.#parts.load()
      this.#follow(result.kind === 'loaded' ? result.loaded.sources : result.sources, stamp)
      if (result.kind === 'invalid') return refused(running, result.problems.map(formatProblem))
      const { loaded, problemAt } = result
      if (loaded.version === running.version) return { kind: 'unchanged', running }
      const problems = problemsOfReplacing(running, loaded, problemAt)
      if (problems.length > 0) return refused(running, problems.map(formatProblem))
      if (this.#isClosed) return { kind: 'unchanged', running }
      await this.#parts.replace(loaded)
      return { kind: 'applied', from: running, to: loaded }
    } catch (thrown) {
      return refused(running, [thrown instanceof Error ? thrown.message : 'it could not be built'])
    }
  }

  // A stamp says nothing about files that were not among those it was taken of.
  #follow(next: WatchedSources, stamp: string): void {
    this.#isDoubtful = this.#stamp === undefined
    const isSame = JSON.stringify(next) === JSON.stringify(this.#sources)
    this.#sources = next
    this.#stamp = isSame ? stamp : undefined
  }

  #tell(outcome: ReloadOutcome, trigger: ReloadTrigger): void {
    const before = this.#refusal
    const refusal = outcome.kind === 'rejected' ? outcome.problems.join('\n') : undefined
    this.#refusal = refusal
    // A refusal that is tried again and again is told of once, and a look that found nothing not at all.
    const isKnown = refusal === undefined ? this.#isDoubtful && outcome.kind === 'unchanged' : true
    if (trigger === 'signal' || !isKnown || refusal !== before) this.#parts.tell(outcome, trigger)
  }
}

function refused(running: LoadedConfig, problems: readonly string[]): ReloadOutcome {
  const more = problems.length - maxProblems
  // Names of keys are in them, and a name may be no text at all.
  const told = problems.slice(0, maxProblems).map((problem) => problem.toWellFormed())
  return { kind: 'rejected', running, problems: more > 0 ? [...told, `and ${more} more`] : told }
}
