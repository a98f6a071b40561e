// Where backups lie: whole objects by key, created once and never changed.

/** An object as a store lists it. */
export interface StoredObject {
  readonly key: string
  readonly bytes: number
  /** Milliseconds since the epoch, by the store's clock. */
  readonly modifiedMs: number
}

/**
 * A store of whole objects. `FolderStorage` and `S3Storage` implement it; so can an application.
 *
 * Keys are names joined by `/`. A store says what went wrong by throwing `AiError` `service_backup_storage`.
 */
export interface ObjectStore {
  /** Where it is, for messages; never a credential. */
  readonly location: string
  /**
   * Stores all of `content`, or nothing. `exists`: the key is taken, and what lies there is as it was.
   * An object is seen by `read` and `list` only once it is whole.
   */
  create(key: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<'created' | 'exists'>
  /** The bytes of an object; `undefined` where there is none. */
  read(key: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Every object whose key starts with `prefix`, in the order of keys. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]>
  /** Removes an object; it is well too where there is none. */
  remove(key: string, signal?: AbortSignal): Promise<void>
  /** Frees connections. */
  close(): void
}

/** Whether a key may be used in every store: names of letters, digits, `.`, `_` and `-`, joined by `/`. */
export function isObjectKey(key: string): boolean {
  return key.length <= 512 && /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(key)
}
