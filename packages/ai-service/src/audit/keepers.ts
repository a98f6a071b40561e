// How a sealed batch gets onto disk: into SQLite directly, into PostgreSQL with a spool behind it, or nowhere.
import type { AuditStore, StoredHead } from '../stores/audit-store.ts'
import { ChainConflict, StoreUnusable } from '../stores/audit-store.ts'
import type { SealedBatch } from './chain-writer.ts'
import type { HeadSigner } from './signed-head.ts'
import type { Spool } from './spool.ts'

export interface Keeper {
  /** Resolves when the batch is on disk, and says where. @throws while it cannot be; the same batch comes again. */
  keep(batch: SealedBatch): Promise<'recorded' | 'spooled'>
  close(): Promise<void>
}

/** For a trail that is only printed. */
export const noKeeper: Keeper = {
  keep: async () => 'recorded',
  close: async () => undefined,
}

/** A store on this machine: where it fails, so would a spool beside it. `reopen` gives a fresh one after a failure. */
export function directKeeper(first: AuditStore, reopen: () => AuditStore): Keeper {
  let store: AuditStore | undefined = first
  return {
    async keep({ records, stored }) {
      store ??= reopen()
      try {
        await store.append(records, stored)
        return 'recorded'
      } catch (thrown) {
        if (!(thrown instanceof ChainConflict)) {
          // After a failed sync nobody knows what the open file has: a fresh one reads what is on disk.
          await store.close()
          store = undefined
        }
        throw thrown
      }
    },
    async close() {
      await store?.close()
    },
  }
}

export interface SpoolingParts {
  readonly store: AuditStore
  readonly spool: Spool
  readonly signer: HeadSigner
  readonly nowMs: () => number
  /** Told once everything spooled is in the store again. */
  readonly onReplayed: () => void
  /** Told when the store refuses what was spooled for good: nothing is replayed any more. */
  readonly onUnusable: (thrown: unknown) => void
  /** Milliseconds between attempts to reach the store, at first and at most. Default 250 and 5,000. */
  readonly retryMs?: readonly [number, number]
}

/** A store over the network: what it does not take at once waits in the spool, and goes in by itself later. */
export class SpoolingKeeper implements Keeper {
  readonly #parts: SpoolingParts
  readonly #mostMs: number
  #isAway: boolean
  #waitMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(parts: SpoolingParts) {
    const [firstMs, mostMs] = parts.retryMs ?? [250, 5_000]
    this.#parts = parts
    this.#waitMs = firstMs
    this.#mostMs = mostMs
    this.#isAway = !parts.spool.isEmpty
  }

  async keep({ records, stored }: SealedBatch): Promise<'recorded' | 'spooled'> {
    const { store, spool } = this.#parts
    if (!this.#isAway) {
      try {
        await store.append(records, stored)
        return 'recorded'
      } catch (thrown) {
        if (thrown instanceof ChainConflict) throw thrown
        this.#isAway = true
      }
    }
    spool.append(records.map(({ text }) => text))
    this.#timer ??= this.#later()
    return 'spooled'
  }

  /** False where the store does not take everything. */
  async replay(): Promise<boolean> {
    const { store, spool, onUnusable } = this.#parts
    try {
      while (!spool.isEmpty) {
        const { lines, done } = spool.next()
        for (const group of groups(lines)) await store.append(group.records, headOf(group, this.#parts))
        done()
      }
      // Between the last look at the spool and this line nothing else has run.
      this.#isAway = false
      return true
    } catch (thrown) {
      if (thrown instanceof ChainConflict || thrown instanceof StoreUnusable) onUnusable(thrown)
      return false
    }
  }

  async close(): Promise<void> {
    const { store, spool } = this.#parts
    clearTimeout(this.#timer)
    // One last try: what does not go in now waits for the next start.
    if (!spool.isEmpty) await this.replay()
    await store.close()
    spool.close()
  }

  #later(): NodeJS.Timeout {
    const timer = setTimeout(() => void this.#replayOrWait(), this.#waitMs)
    return timer.unref()
  }

  async #replayOrWait(): Promise<void> {
    if (await this.replay()) {
      this.#timer = undefined
      this.#waitMs = this.#parts.retryMs?.[0] ?? 250
      this.#parts.onReplayed()
      return
    }
    this.#waitMs = Math.min(this.#waitMs * 2, this.#mostMs)
    this.#timer = this.#later()
  }
}

interface Spooled {
  readonly seq: number
  readonly kind: string
  readonly requestId: string
  readonly text: string
  readonly hash: string
}

interface Group {
  readonly writer: string
  readonly records: Spooled[]
}

// A spool may hold the end of one chain and the beginning of the next.
function groups(lines: readonly string[]): Group[] {
  const found: Group[] = []
  for (const text of lines) {
    const record = JSON.parse(text) as Record<string, string> & { seq: number }
    const { seq, kind = '', request_id: requestId = '', hash = '', writer = '' } = record
    if (found.at(-1)?.writer !== writer) found.push({ writer, records: [] })
    found.at(-1)?.records.push({ seq, kind, requestId, text, hash })
  }
  return found
}

// `low` is not known here any more: one means that a search for open requests begins at the first record.
function headOf({ writer, records }: Group, { signer, nowMs }: SpoolingParts): StoredHead {
  const { seq: count, hash } = records.at(-1) ?? { seq: 0, hash: '' }
  const head = signer.sign(writer, count, hash, new Date(nowMs()).toISOString())
  return { writer, count, low: 1, head: JSON.stringify(head) }
}
