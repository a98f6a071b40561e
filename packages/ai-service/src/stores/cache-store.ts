// The contract of a store for cached answers: values by key for a time, and never a reason for a request to fail.

export type CacheLookup<Value> =
  | { readonly kind: 'found'; readonly value: Value }
  | { readonly kind: 'absent' }
  /** The store is away, slow or refuses, or gave what is no value of this key: as good as absent, and counted. */
  | { readonly kind: 'failed' }

export interface CacheStore<Value> {
  /** Whether a look-up waits for another process. Where it does not, `get` and `set` answer at once. */
  readonly isRemote: boolean
  /** Never throws and never rejects. */
  get(key: string): CacheLookup<Value> | Promise<CacheLookup<Value>>
  /**
   * Keeps `value` for `ttlMs`, unless something more useful needs the room. Nobody changes it any more.
   * Never throws and never rejects; false where it was not kept.
   */
  set(key: string, value: Value, ttlMs: number): boolean | Promise<boolean>
  /** Lets go of connections; what is under way may end within the store's own deadline. */
  close(): Promise<void>
}

/** How values travel to another process. The key goes along, so that a store that mixes entries up is found out. */
export interface ValueCodec<Value> {
  encode(key: string, value: Value): Uint8Array
  /** Undefined for bytes that are no value of this key. */
  decode(key: string, bytes: Uint8Array): Value | undefined
}
