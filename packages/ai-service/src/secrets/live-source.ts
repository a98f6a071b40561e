// A reference that may change while the service runs, as a source that a key ring reads: files and Vault.
import type { SecretSource } from 'ai-lib/internal/attempts/secret-source'
import type { DirectoryWatch } from './directory-watch.ts'
import { readValue, type Reference, type VaultReader } from './sources.ts'

/** A variable cannot change under a running process. */
export type LiveReference = Exclude<Reference, { readonly kind: 'env' }>

export interface LivePace {
  readonly refreshMs: number
  readonly maxAgeMs: number
}

export interface LiveParts {
  readonly vault: VaultReader | undefined
  readonly folders: DirectoryWatch
  readonly pace: LivePace
}

/** @param reference with an absolute path, where it is a file's. */
export function liveSource(reference: LiveReference, { vault, folders, pace }: LiveParts): SecretSource {
  return {
    name: reference.text,
    ...pace,
    read: async () => {
      const result = await readValue(reference, { env: {}, folder: '/', vault })
      if (result.kind === 'absent') throw new Error(result.why)
      return result.value
    },
    ...(reference.kind === 'file' ? { watch: (changed) => folders.watch(reference.path, changed) } : {}),
  }
}
