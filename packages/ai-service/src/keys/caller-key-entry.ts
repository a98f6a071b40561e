// What is kept of a caller key: who it belongs to and its HMAC, never the key.

export interface CallerKeyEntry {
  readonly id: string
  /** `hmac-sha256:` and 64 hex digits. */
  readonly hash: string
  readonly user?: string
  readonly team?: string
  /** Model names as clients write them; absent: all. */
  readonly models?: readonly string[]
  /** Milliseconds since the epoch; from then on the key is refused. */
  readonly expiresMs?: number
}
