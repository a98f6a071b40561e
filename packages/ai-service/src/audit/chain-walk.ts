// Walks one chain from its first record and names the first thing that is not as it was sealed.
import { hashOf, noHash } from './seal.ts'
import type { SignedHead } from './signed-head.ts'

export type FaultKind =
  | 'unreadable'
  | 'altered'
  | 'missing'
  | 'swapped'
  | 'recomputed'
  | 'cut'
  | 'unsigned'
  | 'wrong-key'

export interface ChainFault {
  readonly kind: FaultKind
  readonly writer: string
  /** The first record that is wrong; 0 where it is the chain as a whole. */
  readonly seq: number
  readonly message: string
}

interface Last {
  readonly seq: number
  readonly hash: string
}

export class ChainWalk {
  readonly writer: string
  /** Signed heads by the record that they were signed at. */
  readonly #heads: Map<number, SignedHead>
  #last: Last = { seq: 0, hash: noHash }
  /** A record that stands where another is due: swapped if that one follows, else it is missing. */
  #early: number | undefined
  #fault: ChainFault | undefined

  /** @param heads of this chain, their signatures already looked at. */
  constructor(writer: string, heads: readonly SignedHead[]) {
    this.writer = writer
    this.#heads = new Map(heads.map((head) => [head.count, head]))
  }

  /** Records that were right so far. */
  get count(): number {
    return this.#last.seq
  }

  get fault(): ChainFault | undefined {
    return this.#fault
  }

  /** @param place where the record stands in its store; absent in an export, where the order of lines is all there is. */
  take(record: Readonly<Record<string, unknown>> | undefined, place?: number): void {
    if (this.#fault) return
    const due = this.#last.seq + 1
    if (place !== undefined && place !== due) return this.#missing(due, place - 1)
    if (record === undefined) return this.#found('unreadable', due, `record ${due} is no record any more.`)
    const { seq } = record
    if (typeof seq !== 'number') return this.#found('altered', due, `record ${due} was altered: it has no seq.`)
    if (this.#early !== undefined) return this.#late(seq, due)
    if (place !== undefined && seq !== place)
      return this.#found(
        'swapped',
        place,
        `record ${place} was swapped: what was sealed as record ${seq} stands there.`,
      )
    if (seq > due) {
      this.#early = seq
      return
    }
    if (seq < due) return this.#found('swapped', seq, `record ${seq} was swapped: it stands behind record ${due - 1}.`)
    this.#content(record, seq)
  }

  /** One more signed head, which an export tells last. */
  sign(head: SignedHead): void {
    const { seq, hash } = this.#last
    if (head.count === seq && head.hash !== hash) this.#recomputed(seq)
    this.#heads.set(head.count, head)
  }

  /** @param signedTo how far the chain's own head says that it goes, where it is known. */
  end(signedTo: number | undefined): ChainFault | undefined {
    const { seq } = this.#last
    if (!this.#fault && this.#early !== undefined) this.#missing(seq + 1, this.#early - 1)
    const furthest = Math.max(0, ...this.#heads.keys())
    if (!this.#fault && furthest > seq)
      this.#found(
        'cut',
        seq + 1,
        `the chain ends at record ${seq}, and a signed head says ${furthest}: its end was cut.`,
      )
    if (!this.#fault && this.#heads.size === 0)
      this.#found('unsigned', 0, 'the chain has no signed head: whether its end was cut cannot be told.')
    if (!this.#fault && signedTo !== undefined && signedTo < seq)
      this.#found(
        'unsigned',
        signedTo + 1,
        `records from ${signedTo + 1} to ${seq} are not covered by the signed head.`,
      )
    return this.#fault
  }

  #content(record: Readonly<Record<string, unknown>>, seq: number): void {
    const hash = ownHash(record)
    if (hash === undefined || hash !== record['hash'] || record['writer'] !== this.writer)
      return this.#found('altered', seq, `record ${seq} was altered: its content does not have its hash.`)
    if (record['prev_hash'] !== this.#last.hash) {
      // Whole in itself, and sealed behind another: the one before it is not what it was.
      const before = this.#last.seq
      const which = before === 0 ? seq : before
      return this.#found('altered', which, `record ${which} was replaced: record ${seq} was sealed behind another one.`)
    }
    const head = this.#heads.get(seq)
    if (head && head.hash !== hash) return this.#recomputed(seq)
    this.#last = { seq, hash }
  }

  #recomputed(seq: number): void {
    if (this.#fault) return
    this.#found('recomputed', 0, `the chain was written anew: record ${seq} is not the one whose hash was signed.`)
  }

  #late(seq: number, due: number): void {
    const early = this.#early ?? due
    if (seq === due) this.#found('swapped', due, `records ${due} and ${early} were swapped.`)
    else this.#missing(due, early - 1)
  }

  #missing(from: number, to: number): void {
    const which = from === to ? `record ${from} is` : `records ${from} to ${to} are`
    this.#found('missing', from, `${which} missing.`)
  }

  #found(kind: FaultKind, seq: number, message: string): void {
    this.#fault = { kind, writer: this.writer, seq, message }
  }
}

function ownHash(record: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return hashOf(record)
  } catch {
    return undefined // What has no canonical form was never sealed.
  }
}

/** A record from its text; undefined where it is none. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
