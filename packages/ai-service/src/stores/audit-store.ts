// The port of the audit trail's store: chains of sealed records that are only ever appended to, and their signed heads.

/** A record with its place in the chain and its hash: nothing of it changes any more. */
export interface SealedRecord {
  /** From 1, without gaps, per writer. */
  readonly seq: number
  readonly kind: string
  /** Empty where the record is about no request. */
  readonly requestId: string
  /** The whole record as canonical JSON, hash included. */
  readonly text: string
}

/** How far a chain goes, and where its requests that are still open begin. */
export interface ChainEnd {
  /** Records so far, and thus the seq of the last one. */
  readonly count: number
  /** The last record as it was appended. */
  readonly last: string
  /** No request that began below this seq is open. */
  readonly low: number
}

/** What is stored beside a chain: its signed head as JSON. */
export interface StoredHead {
  readonly writer: string
  readonly count: number
  readonly low: number
  readonly head: string
}

export interface AuditStore {
  /** The end of a writer's chain; undefined where it has none. */
  chainEnd(writer: string): Promise<ChainEnd | undefined>
  /**
   * Records and head in one transaction, on disk when it resolves. The same records again change nothing, so that a
   * commit whose answer was lost can be repeated.
   * @throws ChainConflict where another record has the place; anything else means that the store is away.
   */
  append(records: readonly SealedRecord[], head: StoredHead): Promise<void>
  /** Records of one chain from a seq on, in order, at most `limit`. */
  read(writer: string, fromSeq: number, limit: number): Promise<readonly StoredRecord[]>
  /** Records whose request has started at or after `fromSeq` and has no end. */
  openStarts(writer: string, fromSeq: number): Promise<readonly string[]>
  /** Whether a record of this kind is there for a request. */
  has(requestId: string, kind: string): Promise<boolean>
  /** The heads of all chains, ordered by writer. */
  heads(): Promise<readonly StoredHead[]>
  /** Writers of all chains, those without a head included. */
  writers(): Promise<readonly string[]>
  /** Milliseconds since the epoch by the clock of a server, where there is one. */
  serverNowMs?(): Promise<number>
  close(): Promise<void>
}

export interface StoredRecord {
  readonly seq: number
  readonly text: string
}

/** Two different records claim one place in a chain: somebody else writes it, or the store went back in time. */
export class ChainConflict extends Error {
  override readonly name = 'ChainConflict'
}

/** A store that must not be used as it is: the message says what is wrong and what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable'
}
