// The contract of a store for cached answers: bytes by key for a time, and never a reason for a request to fail.

export type CacheLookup =
  | { readonly kind: 'found'; readonly value: Uint8Array }
  | { readonly kind: 'absent' }
  /** The store is away, slow or refuses: as good as absent, and counted. */
  | { readonly kind: 'failed' }

export interface CacheStore {
  /** Whether a look-up waits for another process. Where it does not, `get` and `set` answer at once. */
  readonly isRemote: boolean
  /** Never throws and never rejects. */
  get(key: string): CacheLookup | Promise<CacheLookup>
  /**
   * Keeps `value` for `ttlMs`, unless something more useful needs the room. The caller changes it no more.
   * Never throws and never rejects; false where it was not kept.
   */
  set(key: string, value: Uint8Array, ttlMs: number): boolean | Promise<boolean>
  /** Lets go of connections; what is under way may end within the store's own deadline. */
  close(): Promise<void>
}
