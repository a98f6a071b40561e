// The audit thread's work, without the thread: opens chain and store, seals batches in order, keeps them, says so.
import { setTimeout as wait } from 'node:timers/promises'
import { type AuditStore, ChainConflict } from '../stores/audit-store.ts'
import { auditFiles } from './audit-files.ts'
import type { ChainWriter, SealedBatch } from './chain-writer.ts'
import { type Draft, decodeDrafts } from './draft.ts'
import type { HeadFile } from './head-file.ts'
import type { Keeper } from './keepers.ts'
import type { AuditPlace, FromThread, ToThread } from './messages.ts'
import { type Opened, openChain } from './open-chain.ts'
import { interruptedEnds } from './recovery.ts'
import { createHeadSigner, openSigningKey } from './signed-head.ts'
import { takeSlot, type WriterSlot } from './writer-slot.ts'

export interface EngineParts {
  readonly place: AuditPlace
  readonly tell: (message: FromThread) => void
  readonly nowMs: () => number
  /** `once`: a batch that cannot be kept is an error at once. Default: it is tried until it can. */
  readonly tries?: 'once'
  /** Milliseconds between attempts to keep a batch, at first and at most. Default 100 and 2,000. */
  readonly retryMs?: readonly [number, number]
}

/** Drafts of one group commit: enough that their sync is shared, few enough that none waits long. */
const maxBatch = 512
/** Heads are printed at most this often; the last one always is. */
const headEveryMs = 1_000

export class AuditEngine {
  readonly #parts: EngineParts
  readonly #slot: WriterSlot
  readonly #chain: ChainWriter
  readonly #keeper: Keeper
  readonly #headFile: HeadFile
  /** Absent where nothing is stored. */
  readonly #store: AuditStore | undefined
  #queue: Draft[] = []
  /** Drafts that nobody but the engine asked for. */
  #own: Draft[] = []
  #running: Promise<void> | undefined
  #isClosing = false
  #isAway = false
  #headAtMs = 0
  #headTimer: NodeJS.Timeout | undefined
  #unprintedHead: string | undefined

  /** Writers of the past, until their open requests are closed. */
  #dead: ReadonlySet<string>

  private constructor(parts: EngineParts, opened: Opened) {
    this.#parts = parts
    this.#slot = opened.slot
    this.#chain = opened.chain
    this.#keeper = opened.keeper
    this.#store = opened.store
    this.#headFile = opened.headFile
    this.#dead = opened.dead
  }

  /** @throws StoreUnusable, or what opening files says. */
  static async open(parts: EngineParts): Promise<AuditEngine> {
    const { place } = parts
    const slot = takeSlot(place.base)
    try {
      const signer = createHeadSigner(place.signingKey ?? openSigningKey(auditFiles(place.base).key))
      // oxlint-disable-next-line prefer-const -- the keeper may have replayed before there is an engine to tell
      let engine: AuditEngine | undefined
      const opened = await openChain({ ...parts, signer, onReplayed: () => void engine?.replayed() }, slot)
      engine = new AuditEngine(parts, opened)
      const ends = opened.isReachable ? await engine.#missingEnds() : []
      await engine.#keep([...decodeDrafts(place.opening), ...ends], 'own')
      parts.tell({
        kind: 'ready',
        writer: opened.chain.writer,
        interrupted: ends.length,
        warnings: opened.warnings,
      })
      return engine
    } catch (thrown) {
      slot.release()
      throw thrown
    }
  }

  async take(message: ToThread): Promise<void> {
    if (message.kind === 'close') return this.#close()
    const drafts = decodeDrafts(message.text)
    if (message.kind === 'record-again') await this.#again(drafts)
    else this.#queue.push(...drafts)
    await this.#run()
  }

  // Messages that come while a batch is being kept make up the next one.
  #run(): Promise<void> {
    this.#running ??= this.#keepAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #keepAll(): Promise<void> {
    while (this.#queue.length > 0) await this.#keep(this.#queue.splice(0, maxBatch), 'told')
    while (this.#own.length > 0) await this.#keep(this.#own.splice(0, maxBatch), 'own')
  }

  async #keep(drafts: readonly Draft[], whose: 'own' | 'told'): Promise<void> {
    if (drafts.length === 0) return
    const { tell, place } = this.#parts
    const batch = this.#chain.seal(drafts)
    const count = whose === 'told' ? drafts.length : 0
    if (place.prints) tell({ kind: 'sealed', text: batch.records.map(({ text }) => `${text}\n`).join(''), count })
    const where = await this.#untilKept(batch)
    this.#writeHead(batch)
    tell({ kind: 'kept', where, count })
    this.#tellHead(batch.stored.head)
  }

  #writeHead({ head }: SealedBatch): void {
    try {
      this.#headFile.write(head)
    } catch {
      // The head is in the database as well; the file may be behind it.
    }
  }

  async #untilKept(batch: SealedBatch): Promise<'recorded' | 'spooled'> {
    const [firstMs, mostMs] = this.#parts.retryMs ?? [100, 2_000]
    for (let waitMs = firstMs; ; waitMs = Math.min(waitMs * 2, mostMs)) {
      try {
        const where = await this.#keeper.keep(batch)
        this.#isAway = false
        return where
      } catch (thrown) {
        if (thrown instanceof ChainConflict || this.#isClosing || this.#parts.tries === 'once') throw thrown
        this.#tellAway(thrown)
        await wait(waitMs)
      }
    }
  }

  #tellAway(thrown: unknown): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#parts.tell({ kind: 'away', reason: thrown instanceof Error ? thrown.message : 'unknown fault' })
  }

  #tellHead(head: string): void {
    const nowMs = this.#parts.nowMs()
    this.#unprintedHead = head
    const sinceMs = Math.max(0, nowMs - this.#headAtMs)
    if (sinceMs >= headEveryMs) return this.#printHead()
    this.#headTimer ??= setTimeout(() => this.#printHead(), headEveryMs - sinceMs)
    this.#headTimer.unref()
  }

  #printHead(): void {
    clearTimeout(this.#headTimer)
    this.#headTimer = undefined
    this.#headAtMs = this.#parts.nowMs()
    if (this.#unprintedHead !== undefined) this.#parts.tell({ kind: 'head', head: this.#unprintedHead })
    this.#unprintedHead = undefined
  }

  // A thread before this one may have stored some of them, and died before it said so.
  async #again(drafts: readonly Draft[]): Promise<void> {
    for (const draft of drafts) {
      const isThere = draft.requestId !== '' && (await this.#store?.has(draft.requestId, draft.kind)) === true
      if (isThere) this.#parts.tell({ kind: 'kept', where: 'recorded', count: 1 })
      else await this.#keep([draft], 'told')
    }
  }

  /** Everything spooled is in the store: what could not be looked up at the start can be now. */
  async replayed(): Promise<void> {
    this.#parts.tell({ kind: 'replayed' })
    try {
      // Behind what is queued, and told to nobody: the service did not ask for them.
      const ends = await this.#missingEnds()
      if (ends.length > 0 && !this.#isClosing) this.#own.push(...ends)
    } catch {
      // The store went away again; the next replay or the next start comes back to it.
    }
  }

  async #missingEnds(): Promise<Draft[]> {
    if (!this.#store || this.#dead.size === 0) return []
    const nowMs = this.#parts.nowMs()
    const ends = await interruptedEnds(this.#store, this.#dead, this.#chain.writer, nowMs)
    this.#dead = new Set()
    return ends
  }

  async #close(): Promise<void> {
    this.#isClosing = true
    try {
      await this.#run()
      // What came in the last turn of the one that was under way.
      await this.#run()
      this.#printHead()
    } catch (thrown) {
      // What cannot be kept now never will be by this process: whoever closes it counts that.
      this.#tellAway(thrown)
    } finally {
      await this.#keeper.close()
      this.#headFile.close()
      this.#slot.release()
      this.#parts.tell({ kind: 'closed' })
    }
  }
}
