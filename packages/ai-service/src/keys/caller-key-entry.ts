// What is kept of a caller key: who it belongs to and its HMAC.
import type { Secret } from 'ai-lib/internal/errors/secret'

export interface CallerKeyEntry {
  readonly id: string
  /** `hmac-sha256:` and 64 hex digits. */
  readonly hash: string
  /** Present where the key itself was given by reference: it may have another form than ours. */
  readonly given?: GivenKey
  readonly user?: string
  readonly team?: string
  /** Model names as clients write them; absent: all. */
  readonly models?: readonly string[]
  /** Milliseconds since the epoch; from then on the key is refused. */
  readonly expiresMs?: number
}

export interface GivenKey {
  /** Kept so that it is taken out of whatever is logged. */
  readonly secret: Secret
  /** The reference that it came from. */
  readonly from: string
}
