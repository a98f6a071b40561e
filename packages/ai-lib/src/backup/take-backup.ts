// Writes one generation: claim, parts, read-back of each, and only then the manifest.
import { randomBytes } from 'node:crypto'
import { AiError } from '../errors/ai-error.ts'
import type { BackupKey } from './backup-key.ts'
import { type Digest, digestOf, gather, once, tap } from './digest.ts'
import { claimKey, manifestKey, partKey } from './generations.ts'
import {
  createDataKey,
  type Manifest,
  type ManifestPart,
  maxManifestBytes,
  openManifest,
  writeManifest,
} from './manifest.ts'
import type { ObjectStore } from './object-store.ts'
import type { BackupPart } from './part.ts'
import { seal } from './seal.ts'
import { storageError } from './storage-error.ts'

export interface TakeParts {
  readonly store: ObjectStore
  readonly key: BackupKey
  readonly parts: readonly BackupPart[]
  readonly writer: string
  /** The number to try first. */
  readonly generation: number
  readonly dateMs: number
  readonly signal: AbortSignal
}

/** Numbers tried before giving up: others may be writing, or a listing may lag behind. */
const maxClaims = 8
const cleanUpMs = 10_000

/** @throws AiError where anything goes wrong; what was written is then removed again as far as the store lets us. */
export async function takeBackup(taking: TakeParts): Promise<Manifest> {
  const generation = await claim(taking)
  const written: string[] = [claimKey(generation)]
  try {
    return await writeGeneration(taking, generation, written)
  } catch (fault) {
    await removeAll(taking.store, written)
    throw fault
  }
}

/** A number that nobody else has. */
async function claim({ store, generation: first, signal }: TakeParts): Promise<number> {
  const mark = randomBytes(16)
  for (let generation = first; generation < first + maxClaims; generation += 1) {
    const key = claimKey(generation)
    if ((await store.create(key, once(mark), signal)) === 'created') return generation
    // An answer may have been lost and the request repeated: then what lies there is our own mark.
    const there = await store.read(key, signal)
    if (there && mark.equals(await gather(there, maxManifestBytes))) return generation
  }
  throw storageError(
    store.location,
    `it says of ${maxClaims} new objects in a row that they exist already: does it know If-None-Match, and is it the right place?`,
  )
}

async function writeGeneration(taking: TakeParts, generation: number, written: string[]): Promise<Manifest> {
  const { store, key, writer, dateMs, signal } = taking
  const dataKey = createDataKey(generation, key)
  const parts: ManifestPart[] = []
  for (const part of taking.parts) {
    const objectKey = partKey(generation, parts.length + 1)
    const place = { key: dataKey.key, generation, index: parts.length + 1, name: part.name }
    written.push(objectKey)
    const done = await writePart(part, objectKey, place, taking)
    if (done) parts.push(done)
    else written.pop()
  }
  if (parts.length === 0) throw new AiError('service_backup_source', { message: 'There is nothing to back up.' })
  const manifest = { generation, createdAt: new Date(dateMs).toISOString(), writer, parts }
  const bytes = writeManifest(manifest, dataKey, key)
  // The first, so that what is removed after a fault stops being a candidate at once.
  written.unshift(manifestKey(generation))
  await store.create(manifestKey(generation), once(bytes), signal)
  const back = await readBack(store, manifestKey(generation), signal)
  if (openManifest(back, generation, [key]).kind !== 'opened') throw notAsWritten(store, manifestKey(generation))
  return manifest
}

async function writePart(
  part: BackupPart,
  objectKey: string,
  place: Parameters<typeof seal>[1],
  { store, signal }: TakeParts,
): Promise<ManifestPart | undefined> {
  const opened = await part.open(signal)
  if (!opened) return undefined
  try {
    const plain = tap(opened.content)
    const sealed = tap(seal(plain.stream, place))
    // `exists` is judged by the read-back: it may be our own object, its answer lost.
    await store.create(objectKey, sealed.stream, signal)
    const [content, object] = [plain.digest(), sealed.digest()]
    await compareBack(store, objectKey, object, signal)
    return {
      name: part.name,
      ...content,
      sealedBytes: object.bytes,
      sealedSha256: object.sha256,
      facts: opened.facts ?? {},
    }
  } finally {
    await opened.close?.()
  }
}

async function compareBack(store: ObjectStore, key: string, sent: Digest, signal: AbortSignal): Promise<void> {
  const there = await store.read(key, signal)
  const found = there && (await digestOf(there))
  if (found?.sha256 !== sent.sha256) throw notAsWritten(store, key)
}

async function readBack(store: ObjectStore, key: string, signal: AbortSignal): Promise<Uint8Array> {
  const there = await store.read(key, signal)
  if (!there) throw notAsWritten(store, key)
  return gather(there, maxManifestBytes)
}

function notAsWritten({ location }: ObjectStore, key: string): AiError {
  return storageError(location, `${key} is read back other than it was written: the store cannot be trusted.`)
}

async function removeAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpMs)
  for (const key of keys) {
    // The fault that led here is the one to tell; without a manifest what is left is no candidate, and retention
    // removes it a day later.
    await store.remove(key, signal).catch(() => undefined)
  }
}
