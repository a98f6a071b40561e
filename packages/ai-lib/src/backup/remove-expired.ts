// Removes what is past its days, and uploads that never ended.
import type { BackupKey } from './backup-key.ts'
import { listGenerations, type StoredGeneration } from './generations.ts'
import { heldGenerations } from './holds.ts'
import type { ObjectStore } from './object-store.ts'
import { readManifest } from './read-generation.ts'
import { type Candidate, chooseExpired } from './retention.ts'

export interface RemovalParts {
  readonly store: ObjectStore
  readonly keys: readonly BackupKey[]
  readonly retentionDays: number
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** Yields each generation once it is gone. */
export async function* removeExpired(parts: RemovalParts): AsyncGenerator<number> {
  const { store, retentionDays, nowMs, signal } = parts
  const stored = await listGenerations(store, signal)
  const candidates: Candidate[] = []
  for (const generation of stored) candidates.push(await candidateOf(generation, parts))
  const held = await heldGenerations(store, nowMs, signal)
  for (const generation of chooseExpired(candidates, { retentionDays, nowMs, held })) {
    const objects = stored.find((one) => one.generation === generation)?.objects ?? []
    // `manifest` comes before `part-…` in the order of keys: a removal that is torn leaves no candidate.
    for (const { key } of objects) await store.remove(key, signal)
    yield generation
  }
}

async function candidateOf(
  { generation, objects, isComplete }: StoredGeneration,
  { store, keys, signal }: RemovalParts,
): Promise<Candidate> {
  const writtenMs = Math.max(...objects.map(({ modifiedMs }) => modifiedMs))
  if (!isComplete) return { generation, kind: 'incomplete', dateMs: writtenMs }
  const found = await readManifest(store, generation, keys, signal)
  return found.kind === 'opened'
    ? { generation, kind: 'good', dateMs: Date.parse(found.manifest.createdAt) }
    : { generation, kind: 'other', dateMs: writtenMs }
}
