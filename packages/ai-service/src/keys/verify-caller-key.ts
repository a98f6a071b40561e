// Says whose key a caller showed: form and checksum first, then the HMAC looked up and compared in constant time.
import { timingSafeEqual } from 'node:crypto'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { callerKeyDigest, hasGivenForm, parseCallerKey } from './caller-key.ts'
import type { CallerKeyEntry } from './caller-key-entry.ts'

export type CallerKeyVerdict =
  | { readonly kind: 'known'; readonly key: CallerKeyEntry }
  /** Well formed, but not one of ours. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'expired'; readonly key: CallerKeyEntry }
  /** No caller key at all: wrong form or checksum. */
  | { readonly kind: 'malformed' }

export type VerifyCallerKey = (text: string) => CallerKeyVerdict

export interface KnownKeys {
  readonly keys: readonly CallerKeyEntry[]
  /** What their hashes were made with. */
  readonly pepper?: Secret | undefined
}

/**
 * A verifier over a fixed set of keys. An HMAC costs about 2 µs, so nothing is cached: a cache would hold keys.
 * @param nowMs milliseconds since the epoch.
 */
export function createKeyVerifier({ keys, pepper }: KnownKeys, nowMs: () => number): VerifyCallerKey {
  const byDigest = new Map(
    keys.map((key) => {
      const hex = key.hash.slice('hmac-sha256:'.length)
      return [hex, { key, digest: Buffer.from(hex, 'hex') }] as const
    }),
  )
  // Only who gave a key of another form pays for looking such texts up.
  const hasForm = keys.some(({ given }) => given !== undefined)
    ? (text: string) => hasGivenForm(text)
    : (text: string) => parseCallerKey(text) !== undefined
  // Unknown keys are compared too, against this, so that they take the same time.
  const nobody = Buffer.alloc(32)
  return (text) => {
    if (!hasForm(text)) return { kind: 'malformed' }
    const digest = callerKeyDigest(text, pepper)
    const entry = byDigest.get(digest.toString('hex'))
    const isSame = timingSafeEqual(digest, entry?.digest ?? nobody)
    if (entry === undefined || !isSame) return { kind: 'unknown' }
    const { key } = entry
    const isExpired = key.expiresMs !== undefined && nowMs() >= key.expiresMs
    return isExpired ? { kind: 'expired', key } : { kind: 'known', key }
  }
}
