// Verifies whole trails: every chain of a store, or of an export, against signed heads from wherever there are some.
import type { AuditStore } from '../stores/audit-store.ts'
import { type ChainFault, ChainWalk, parseRecord } from './chain-walk.ts'
import { isSigned, parseHead, readHead, type SignedHead } from './signed-head.ts'

export interface VerifyOptions {
  /** Keys that heads may be signed by, as `public_key` names them; empty: any, and the result says which. */
  readonly keys: ReadonlySet<string>
  /** Heads from beside the store: files, logs. */
  readonly heads: readonly SignedHead[]
}

export interface VerifiedChain {
  readonly writer: string
  /** Records that are as they were sealed. */
  readonly records: number
  readonly signedAt?: string
  readonly key?: string
}

export interface Verified {
  readonly ok: boolean
  readonly chains: readonly VerifiedChain[]
  /** The first fault of each chain that has one. */
  readonly faults: readonly ChainFault[]
}

const pageRecords = 500

export async function verifyStore(store: AuditStore, options: VerifyOptions): Promise<Verified> {
  const stored = await store.heads()
  const own = new Map(stored.map(({ writer, head }) => [writer, parseHead(head)]))
  const writers = [...own.keys(), ...(await store.writers()), ...options.heads.map(({ writer }) => writer)]
  const report = new Report()
  for (const writer of [...new Set(writers)].toSorted()) {
    const head = own.get(writer)
    const heads = headsOf(writer, options.heads, head)
    const walk = new ChainWalk(
      writer,
      heads.filter((one) => isTrusted(one, options.keys)),
    )
    for (let from = 1; ; ) {
      const page = await store.read(writer, from, pageRecords)
      for (const { seq, text } of page) walk.take(parseRecord(text), seq)
      from = (page.at(-1)?.seq ?? 0) + 1
      if (page.length < pageRecords || walk.fault) break
    }
    report.add(walk, heads, options.keys, head, await isGrowing(store, writer, head))
  }
  return report.result()
}

/** Whether a chain has a later head by now: then records beyond the one at hand are nothing to wonder about. */
async function isGrowing(store: AuditStore, writer: string, head: SignedHead | undefined): Promise<boolean> {
  const now = (await store.heads()).find((stored) => stored.writer === writer)
  return now !== undefined && now.count > (head?.count ?? 0)
}

/** @param lines of an export, its signed heads among them. */
export async function verifyExport(lines: AsyncIterable<string>, options: VerifyOptions): Promise<Verified> {
  const walks = new Map<string, ChainWalk>()
  const own = new Map<string, SignedHead>()
  const unreadable: ChainFault[] = []
  let line = 0
  for await (const text of lines) {
    line += 1
    if (text.trim() === '') continue
    const record = parseRecord(text)
    const head = readHead(record)
    const writer = record?.['writer']
    if (head) own.set(head.writer, head)
    else if (typeof writer === 'string') walkOf(walks, writer, options).take(record)
    else unreadable.push({ kind: 'unreadable', writer: '', seq: 0, message: `line ${line} is no record.` })
  }
  const report = new Report(unreadable.slice(0, 1))
  for (const { writer } of [...own.values(), ...options.heads]) walkOf(walks, writer, options)
  for (const [writer, walk] of walks) {
    const head = own.get(writer)
    report.add(walk, headsOf(writer, options.heads, head), options.keys, head, false)
  }
  return report.result()
}

function walkOf(walks: Map<string, ChainWalk>, writer: string, options: VerifyOptions): ChainWalk {
  let walk = walks.get(writer)
  const trusted = headsOf(writer, options.heads, undefined).filter((head) => isTrusted(head, options.keys))
  if (!walk) walks.set(writer, (walk = new ChainWalk(writer, trusted)))
  return walk
}

function headsOf(writer: string, heads: readonly SignedHead[], own: SignedHead | undefined): SignedHead[] {
  return [...heads.filter((head) => head.writer === writer), ...(own ? [own] : [])]
}

class Report {
  readonly #chains: VerifiedChain[] = []
  readonly #faults: ChainFault[]

  constructor(faults: readonly ChainFault[] = []) {
    this.#faults = [...faults]
  }

  add(
    walk: ChainWalk,
    heads: readonly SignedHead[],
    keys: ReadonlySet<string>,
    own: SignedHead | undefined,
    isGrowing: boolean,
  ): void {
    const { writer } = walk
    const trusted = own && isTrusted(own, keys) ? own : undefined
    const fault = walk.fault ?? badHead(writer, heads, keys) ?? atEnd(walk, trusted, isGrowing)
    if (fault) this.#faults.push(fault)
    const signed = trusted ? { signedAt: trusted.time, key: trusted.public_key } : {}
    this.#chains.push({ writer, records: walk.count, ...signed })
  }

  result(): Verified {
    return { ok: this.#faults.length === 0, chains: this.#chains, faults: this.#faults }
  }
}

// The chain's own head is not among the walk's where an export tells it last.
function atEnd(walk: ChainWalk, own: SignedHead | undefined, isGrowing: boolean): ChainFault | undefined {
  if (own) walk.sign(own)
  return walk.end(isGrowing ? undefined : own?.count)
}

function isTrusted(head: SignedHead, keys: ReadonlySet<string>): boolean {
  return (keys.size === 0 || keys.has(head.public_key)) && isSigned(head)
}

function badHead(writer: string, heads: readonly SignedHead[], keys: ReadonlySet<string>): ChainFault | undefined {
  const bad = heads.find((head) => !isTrusted(head, keys))
  if (!bad) return undefined
  const message = isSigned(bad)
    ? `the head at record ${bad.count} is signed by a key that is not known here (${bad.public_key}).`
    : `the signature of the head at record ${bad.count} does not fit: it was forged or altered.`
  return { kind: 'wrong-key', writer, seq: 0, message }
}
