// Opens what an engine writes with: its slot, store, keeper and the chain that it goes on with or begins.
import { type AuditStore, StoreUnusable } from '../stores/audit-store.ts'
import { openDatabase } from '../stores/sqlite/open-database.ts'
import { SqliteAuditStore } from '../stores/sqlite/audit-store.ts'
import { auditFiles } from './audit-files.ts'
import { ChainWriter } from './chain-writer.ts'
import { HeadFile, latestHead } from './head-file.ts'
import { directKeeper, type Keeper, noKeeper, SpoolingKeeper } from './keepers.ts'
import type { AuditPlace, FromThread } from './messages.ts'
import { openAuditStore } from './open-store.ts'
import type { HeadSigner } from './signed-head.ts'
import { Spool } from './spool.ts'
import { abandonedWriters, type WriterSlot } from './writer-slot.ts'

export interface Opened {
  readonly slot: WriterSlot
  readonly chain: ChainWriter
  readonly keeper: Keeper
  readonly headFile: HeadFile
  /** Absent where nothing is stored. */
  readonly store: AuditStore | undefined
  /** Whether the store answers. */
  readonly isReachable: boolean
  /** Writers of the past, whose open requests nobody will end. */
  readonly dead: ReadonlySet<string>
  readonly warnings: readonly string[]
}

export interface OpeningParts {
  readonly place: AuditPlace
  readonly tell: (message: FromThread) => void
  readonly nowMs: () => number
  readonly signer: HeadSigner
  /** Told when everything spooled is in the store again. */
  readonly onReplayed: () => void
}

/** @throws StoreUnusable. */
export async function openChain(parts: OpeningParts, taken: WriterSlot): Promise<Opened> {
  const { place } = parts
  const headPath = auditFiles(place.base).head(taken.index)
  const dead = new Set([...taken.writers, ...abandonedWriters(place.base, taken.index)])
  const kept = await openKeeper(parts, taken.index)
  const { slot, chain, warnings } = await chainOf(taken, kept, headPath, parts)
  return { ...kept, slot, chain, warnings, dead, headFile: new HeadFile(headPath) }
}

type Kept = Pick<Opened, 'keeper' | 'store' | 'isReachable'>

async function openKeeper(parts: OpeningParts, slot: number): Promise<Kept> {
  const { place, signer, nowMs, onReplayed, tell } = parts
  const { database } = place
  if (database.kind === 'none') return { keeper: noKeeper, store: undefined, isReachable: false }
  const store = await openAuditStore(database, 'writing')
  if (database.kind === 'sqlite') {
    const keeper = directKeeper(store, () => new SqliteAuditStore(openDatabase(database.path)))
    return { keeper, store, isReachable: true }
  }
  const keeper = new SpoolingKeeper({
    store,
    spool: new Spool(auditFiles(place.base).spool(slot), place.spoolBytes),
    signer,
    nowMs,
    onReplayed,
    onUnusable: (thrown) => tell({ kind: 'away', reason: thrown instanceof Error ? thrown.message : 'unknown fault' }),
  })
  return { keeper, store, isReachable: (await keeper.replay()) && (await answers(store)) }
}

/** @throws StoreUnusable where the store answers and must not be used. */
async function answers(store: AuditStore): Promise<boolean> {
  try {
    await store.heads()
    return true
  } catch (thrown) {
    if (thrown instanceof StoreUnusable) throw thrown
    return false
  }
}

interface Begun {
  readonly slot: WriterSlot
  readonly chain: ChainWriter
  readonly warnings: readonly string[]
}

// A chain goes on only where store and signed head agree on how far it got; else a new one begins, and `verify` tells
// what the old one lacks.
async function chainOf(
  slot: WriterSlot,
  { store, isReachable }: Kept,
  headPath: string,
  parts: OpeningParts,
): Promise<Begun> {
  const { signer, nowMs } = parts
  const begin = (why?: string): Begun => {
    const next = slot.renew()
    const warnings = why === undefined ? [] : [`A new audit chain begins: ${why}`]
    return { slot: next, chain: ChainWriter.from(next.writer, signer, nowMs), warnings }
  }
  if (store === undefined) return begin()
  if (!isReachable) return begin('the database is away, so that the end of the old one is not known.')
  const end = await store.chainEnd(slot.writer)
  const doubt = await doubtAbout(slot.writer, end?.count ?? 0, store, headPath)
  if (doubt !== undefined) return begin(doubt)
  const chain = end
    ? new ChainWriter({ writer: slot.writer, count: end.count, hash: hashIn(end.last) }, signer, nowMs)
    : ChainWriter.from(slot.writer, signer, nowMs)
  return { slot, chain, warnings: [] }
}

async function doubtAbout(
  writer: string,
  count: number,
  store: AuditStore,
  headPath: string,
): Promise<string | undefined> {
  const signed = latestHead(headPath)
  if (signed?.writer !== writer) return undefined
  if (signed.count > count)
    return `the database ends at record ${count} of ${writer}, its signed head says ${signed.count}.`
  const [there] = await store.read(writer, signed.count, 1)
  if (there !== undefined && hashIn(there.text) === signed.hash) return undefined
  return `record ${signed.count} of ${writer} is not the one that was signed.`
}

function hashIn(text: string): string {
  try {
    const record = JSON.parse(text) as Readonly<Record<string, unknown>>
    return typeof record['hash'] === 'string' ? record['hash'] : ''
  } catch {
    throw new StoreUnusable(
      'The last record of the audit trail is no record. Run ai-service audit verify, and restore a backup.',
    )
  }
}
