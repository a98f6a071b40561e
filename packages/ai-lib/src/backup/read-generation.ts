// Reads one generation: its manifest, then each part, opened and compared with what the manifest says.
import { AiError } from '../errors/ai-error.ts'
import type { BackupKey } from './backup-key.ts'
import { gather, tap } from './digest.ts'
import { manifestKey, partKey } from './generations.ts'
import { type ManifestPart, maxManifestBytes, openManifest, type OpenedManifest } from './manifest.ts'
import type { ObjectStore } from './object-store.ts'
import { SealBroken, unseal } from './seal.ts'

export type FoundManifest = OpenedManifest | { readonly kind: 'incomplete' }

export async function readManifest(
  store: ObjectStore,
  generation: number,
  keys: readonly BackupKey[],
  signal?: AbortSignal,
): Promise<FoundManifest> {
  const content = await store.read(manifestKey(generation), signal)
  if (!content) return { kind: 'incomplete' }
  try {
    return openManifest(await gather(content, maxManifestBytes), generation, keys)
  } catch (fault) {
    if (fault instanceof RangeError) return { kind: 'broken', why: 'the manifest is larger than a manifest can be' }
    throw fault
  }
}

export interface PartReading {
  readonly store: ObjectStore
  readonly generation: number
  readonly opened: OpenedManifest & { readonly kind: 'opened' }
  readonly signal?: AbortSignal
}

/**
 * The content of a part. What is yielded before the end is authentic, but whole only once the stream has ended.
 * @throws AiError `service_backup_refused` that names generation, part and place of what is wrong.
 */
export async function* readPart(reading: PartReading, part: ManifestPart): AsyncGenerator<Uint8Array> {
  const { store, generation, opened, signal } = reading
  const index = opened.manifest.parts.indexOf(part) + 1
  const key = partKey(generation, index)
  const refuse = (what: string): AiError => refused(`generation ${generation}, ${part.name} (${key}): ${what}`)
  const content = await store.read(key, signal)
  if (!content) throw refuse('the object is missing.')
  const sealed = tap(content)
  const plain = tap(unseal(sealed.stream, { key: opened.dataKey, generation, index, name: part.name }))
  try {
    yield* plain.stream
  } catch (fault) {
    if (fault instanceof SealBroken) throw refuse(`${fault.message}.`)
    throw fault
  }
  const [outer, inner] = [sealed.digest(), plain.digest()]
  if (outer.bytes !== part.sealedBytes || outer.sha256 !== part.sealedSha256)
    throw refuse(`${outer.bytes} bytes were found where the manifest names ${part.sealedBytes} others.`)
  if (inner.sha256 !== part.sha256) throw refuse('the content is not what the manifest names.')
}

export function refused(message: string): AiError {
  return new AiError('service_backup_refused', { message })
}
