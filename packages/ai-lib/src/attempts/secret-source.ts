// The port to wherever a secret lives: read on demand, and told of changes where the place can tell.
import type { Secret } from '../errors/secret.ts'

/**
 * Where a key comes from, so that a new value takes over without a restart.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import type { SecretSource } from 'ai-lib'
 *
 * export const mounted: SecretSource = {
 *   name: 'file:/run/secrets/openai',
 *   read: async () => (await readFile('/run/secrets/openai', 'utf8')).trim(),
 *   refreshMs: 30_000,
 * }
 * ```
 */
export interface SecretSource {
  /** For messages; never the secret. Default `source`. */
  readonly name?: string
  /** The present value. Rejects where it cannot be had: the last good value stays in use. */
  read(signal: AbortSignal): Promise<Secret | string> | Secret | string
  /** Calls `changed` when the value may be another; returns what ends that. */
  watch?(changed: () => void): () => void
  /** Milliseconds between reads. Default 60,000; 0 reads only when told. */
  readonly refreshMs?: number
  /** Milliseconds that the last good value may be used while reading fails. Default 86,400,000 (a day); 0 for ever. */
  readonly maxAgeMs?: number
}
