// One chain being written: seals drafts in order and knows which requests are open.
import type { StoredHead } from '../stores/audit-store.ts'
import type { Draft } from './draft.ts'
import { noHash, seal, type Sealed } from './seal.ts'
import type { HeadSigner, SignedHead } from './signed-head.ts'

export interface ChainStart {
  readonly writer: string
  readonly count: number
  /** Of the last record; `noHash` where there is none. */
  readonly hash: string
}

export interface SealedBatch {
  readonly records: readonly Sealed[]
  readonly head: SignedHead
  readonly stored: StoredHead
}

export class ChainWriter {
  readonly writer: string
  readonly #signer: HeadSigner
  readonly #nowMs: () => number
  #count: number
  #hash: string
  /** By request, in the order of their starts: the first one is the oldest. */
  readonly #open = new Map<string, number>()

  constructor({ writer, count, hash }: ChainStart, signer: HeadSigner, nowMs: () => number) {
    this.writer = writer
    this.#count = count
    this.#hash = hash
    this.#signer = signer
    this.#nowMs = nowMs
  }

  static from(writer: string, signer: HeadSigner, nowMs: () => number): ChainWriter {
    return new ChainWriter({ writer, count: 0, hash: noHash }, signer, nowMs)
  }

  seal(drafts: readonly Draft[]): SealedBatch {
    const records = drafts.map((draft) => this.#next(draft))
    const head = this.#signer.sign(this.writer, this.#count, this.#hash, new Date(this.#nowMs()).toISOString())
    const low = this.#open.values().next().value ?? this.#count + 1
    return { records, head, stored: { writer: this.writer, count: this.#count, low, head: JSON.stringify(head) } }
  }

  #next(draft: Draft): Sealed {
    this.#count += 1
    const sealed = seal(draft, { writer: this.writer, seq: this.#count, previous: this.#hash })
    this.#hash = sealed.hash
    if (draft.kind === 'start') this.#open.set(draft.requestId, sealed.seq)
    else if (draft.kind === 'end') this.#open.delete(draft.requestId)
    return sealed
  }
}
