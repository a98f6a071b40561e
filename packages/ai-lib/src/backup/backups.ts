// Backups of an application: taken on a schedule or on demand, sealed, verified, kept for their days, restored.
import type { Clock } from '../attempts/clock.ts'
import { AiError } from '../errors/ai-error.ts'
import type {
  BackupConfig,
  BackupEvent,
  BackupOptions,
  BackupReport,
  GenerationReport,
  RestoreOptions,
  RestoreReport,
} from './backup-config.ts'
import { type BackupKey, readBackupKey } from './backup-key.ts'
import { folderOf, listGenerations } from './generations.ts'
import { holding } from './holds.ts'
import type { Manifest } from './manifest.ts'
import { readManifest, refused } from './read-generation.ts'
import { removeExpired } from './remove-expired.ts'
import { lookAtGeneration, verifyGeneration, whyNot } from './report.ts'
import { restoreParts } from './restore-backup.ts'
import { backgroundClock, runSchedule } from './schedule.ts'
import { type BackupState, readState, writeState } from './state-file.ts'
import { takeBackup } from './take-backup.ts'

/**
 * Takes, keeps, verifies and restores backups of named parts.
 *
 * Everything is sealed here before it leaves (AES-256-GCM, a key of its own for each generation), created and never
 * replaced, read back, and only then completed by a manifest.
 *
 * @example
 * ```ts
 * import { Backups, filePart, S3Storage } from 'ai-lib'
 *
 * const backups = new Backups(
 *   {
 *     enabled: true,
 *     intervalMs: 24 * 3_600_000,
 *     retentionDays: 30,
 *     storage: new S3Storage('ai-service-backups', { prefix: 'prod' }),
 *   },
 *   { key: process.env['BACKUP_KEY'] ?? '', parts: [filePart('./audit.jsonl'), filePart('./settings.json')] },
 * )
 * backups.start()
 * ```
 */
export class Backups {
  readonly #config: BackupConfig
  readonly #options: BackupOptions
  readonly #key: BackupKey
  readonly #keys: readonly BackupKey[]
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  #scheduled: Promise<void> | undefined
  #tail: Promise<unknown> = Promise.resolve()

  /** @throws AiError `config_invalid` for an unusable key, interval or retention. */
  constructor(config: BackupConfig, options: BackupOptions) {
    if (!(config.intervalMs >= 60_000)) throw invalid('intervalMs is at least 60,000, one minute.')
    if (!(config.retentionDays > 0)) throw invalid('retentionDays is a number above 0.')
    this.#config = config
    this.#options = options
    this.#key = readBackupKey(options.key)
    this.#keys = [this.#key, ...(options.previousKeys ?? []).map(readBackupKey)]
    this.#clock = options.clock ?? backgroundClock
  }

  /**
   * Takes a backup; waits for one that is under way first.
   * @throws AiError `service_backup_storage`, `service_backup_source`. Nothing that existed is touched then.
   */
  now(): Promise<Manifest> {
    return this.#oneAtATime(() => this.#take())
  }

  /** What the store holds, by its manifests; contents are not read. */
  list(): Promise<BackupReport> {
    return this.#oneAtATime(() => this.#report(lookAtGeneration))
  }

  /** Reads, opens and compares every byte of one generation, or of all. */
  verify(generation?: number): Promise<BackupReport> {
    return this.#oneAtATime(() => this.#report(verifyGeneration, generation))
  }

  /**
   * Writes a generation into a folder: all of it, or nothing.
   * @throws AiError `service_backup_refused` where anything is missing, altered, swapped, of another key, or in the way.
   */
  restore(options: RestoreOptions): Promise<RestoreReport> {
    return this.#oneAtATime(() => this.#restore(options))
  }

  /** Takes backups at the interval until `stop()`; what was missed is made up for soon. Does not keep a process alive. */
  start(): void {
    if (!this.#config.enabled || this.#scheduled || this.#stopping.signal.aborted) return
    this.#scheduled = this.#runSchedule()
  }

  /** Ends the schedule and a backup under way, which leaves no candidate behind. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#scheduled
    await this.#tail
    this.#config.storage.close()
  }

  async #runSchedule(): Promise<void> {
    const state = await this.#state()
    await runSchedule({
      intervalMs: this.#config.intervalMs,
      clock: this.#clock,
      random: this.#options.random ?? Math.random,
      signal: this.#stopping.signal,
      ...(state === undefined ? {} : { lastSuccessMs: state.lastSuccessMs }),
      run: () =>
        this.now().then(
          () => true,
          () => false, // Told as an event already.
        ),
    })
  }

  async #take(): Promise<Manifest> {
    const { storage } = this.#config
    const { parts } = this.#options
    const startedMs = this.#clock.nowMs()
    try {
      const stored = await listGenerations(storage, this.#stopping.signal)
      const state = await this.#state()
      const newest = stored[0]?.generation ?? 0
      const known = state?.generation ?? 0
      if (known > newest) this.#tell({ type: 'rollback-noticed', known, newest })
      const manifest = await takeBackup({
        store: storage,
        key: this.#key,
        parts: typeof parts === 'function' ? await parts() : parts,
        writer: this.#options.writer ?? '',
        generation: Math.max(newest, known) + 1,
        dateMs: this.#clock.dateMs(),
        signal: this.#stopping.signal,
      })
      await this.#remember({ generation: manifest.generation, lastSuccessMs: this.#clock.dateMs() })
      this.#tell({ type: 'backup-done', manifest, tookMs: this.#clock.nowMs() - startedMs })
      await this.#removeExpired()
      return manifest
    } catch (error) {
      this.#tell({ type: 'backup-failed', error })
      throw error
    }
  }

  /** A fault here is told and costs no backup. */
  async #removeExpired(): Promise<void> {
    const { storage: store, retentionDays } = this.#config
    const nowMs = this.#clock.dateMs()
    try {
      const gone = removeExpired({ store, keys: this.#keys, retentionDays, nowMs, signal: this.#stopping.signal })
      for await (const generation of gone) this.#tell({ type: 'generation-removed', generation })
    } catch (error) {
      this.#tell({ type: 'upkeep-failed', error })
    }
  }

  async #report(look: typeof lookAtGeneration, only?: number): Promise<BackupReport> {
    const reading = { store: this.#config.storage, keys: this.#keys, signal: this.#stopping.signal }
    const stored = await listGenerations(reading.store, reading.signal)
    const wanted = only === undefined ? stored : stored.filter(({ generation }) => generation === only)
    if (only !== undefined && wanted.length === 0) throw this.#absent(only)
    const generations: GenerationReport[] = []
    for (const { generation } of wanted) generations.push(await look({ ...reading, generation }))
    return { generations, warnings: await this.#warnings(stored[0]?.generation ?? 0) }
  }

  async #restore({ to, generation: wanted, dryRun = false, force = false }: RestoreOptions): Promise<RestoreReport> {
    const { storage: store } = this.#config
    const { signal } = this.#stopping
    const stored = await listGenerations(store, signal)
    const newest = stored.find(({ isComplete }) => isComplete)?.generation
    const generation = wanted ?? newest
    if (generation === undefined) throw refused(`There is no complete backup at ${store.location}.`)
    if (!stored.some((one) => one.generation === generation)) throw this.#absent(generation)
    return holding(store, generation, async () => {
      const opened = await readManifest(store, generation, this.#keys, signal)
      if (opened.kind !== 'opened')
        throw refused(`Generation ${generation} at ${store.location}: ${whyNot({ generation, ...opened })}`)
      const files = await restoreParts({ store, generation, opened, signal }, { folder: to, dryRun, force })
      const older =
        newest !== undefined && generation < newest
          ? [`Generation ${generation} is older than ${newest}, the newest.`]
          : []
      return { manifest: opened.manifest, files, warnings: [...older, ...(await this.#warnings(newest ?? 0))] }
    })
  }

  async #warnings(newest: number): Promise<readonly string[]> {
    const known = (await this.#state())?.generation ?? 0
    if (known <= newest) return []
    return [
      `Generation ${known} was written from here and ${newest === 0 ? 'none' : `${newest}`} is the newest at ${this.#config.storage.location}: newer backups were removed, or the store was set back.`,
    ]
  }

  #absent(generation: number): AiError {
    return refused(
      `There is no generation ${generation} at ${this.#config.storage.location} (${folderOf(generation)}).`,
    )
  }

  async #state(): Promise<BackupState | undefined> {
    return this.#options.stateFile === undefined ? undefined : readState(this.#options.stateFile)
  }

  async #remember(state: BackupState): Promise<void> {
    if (this.#options.stateFile === undefined) return
    // The backup is good without it; what is lost is that a store set back would be noticed.
    await writeState(this.#options.stateFile, state).catch((error: unknown) =>
      this.#tell({ type: 'upkeep-failed', error }),
    )
  }

  #oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined) // Whoever asked is told; the next in line does not care.
    return result
  }

  #tell(event: BackupEvent): void {
    this.#options.onEvent?.(event)
  }
}

function invalid(message: string): AiError {
  return new AiError('config_invalid', { message })
}
