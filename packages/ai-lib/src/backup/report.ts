// What can be said of one generation: by its manifest, or by every byte of it.
import { AiError } from '../errors/ai-error.ts'
import type { GenerationReport } from './backup-config.ts'
import type { BackupKey } from './backup-key.ts'
import { holding } from './holds.ts'
import type { ObjectStore } from './object-store.ts'
import { readManifest, readPart } from './read-generation.ts'

export interface LookParts {
  readonly store: ObjectStore
  readonly keys: readonly BackupKey[]
  readonly generation: number
  readonly signal: AbortSignal
}

/** By the manifest alone. */
export async function lookAtGeneration({ store, keys, generation, signal }: LookParts): Promise<GenerationReport> {
  const found = await readManifest(store, generation, keys, signal)
  return found.kind === 'opened' ? { generation, kind: 'good', manifest: found.manifest } : { generation, ...found }
}

/** Reads, opens and compares all of it. */
export function verifyGeneration({ store, keys, generation, signal }: LookParts): Promise<GenerationReport> {
  return holding(store, generation, async (): Promise<GenerationReport> => {
    const opened = await readManifest(store, generation, keys, signal)
    if (opened.kind !== 'opened') return { generation, ...opened }
    const { manifest } = opened
    try {
      for (const part of manifest.parts) for await (const _ of readPart({ store, generation, opened, signal }, part));
      return { generation, kind: 'good', manifest }
    } catch (fault) {
      if (fault instanceof AiError && fault.code === 'service_backup_refused')
        return { generation, kind: 'broken', why: (fault.details.message ?? '').replace(/\.$/, '') }
      throw fault
    }
  })
}

/** In words, why a generation cannot be restored. */
export function whyNot(report: Exclude<GenerationReport, { readonly kind: 'good' }>): string {
  switch (report.kind) {
    case 'incomplete':
      return 'the upload never ended: there is no manifest.'
    case 'foreign':
      return `it is sealed with another key (id ${report.keyId}): give that key.`
    case 'broken':
      return `${report.why}.`
  }
}
