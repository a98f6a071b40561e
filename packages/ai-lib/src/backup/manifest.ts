// What a generation consists of, written last and sealed: without it a generation is none.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { BackupKey } from './backup-key.ts'

/** One part of a backup, with its size and digest. */
export interface ManifestPart {
  /** Where it is restored to, as a relative path. */
  readonly name: string
  /** Bytes and SHA-256 of the content. */
  readonly bytes: number
  readonly sha256: string
  /** Bytes and SHA-256 of the object in the store. */
  readonly sealedBytes: number
  readonly sealedSha256: string
  /** What the part's source says about it: a configuration's version, a chain's head. */
  readonly facts: Readonly<Record<string, string>>
}

/** What a backup holds; written last, so that one without it is none. */
export interface Manifest {
  /** Counts up; the next one is above every other that the store or the writer has seen. */
  readonly generation: number
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** Who wrote it: a host's name, say. */
  readonly writer: string
  readonly parts: readonly ManifestPart[]
}

/** What reading a manifest gives. `why` never repeats what was found. */
export type OpenedManifest =
  | { readonly kind: 'opened'; readonly manifest: Manifest; readonly dataKey: KeyObject }
  | { readonly kind: 'foreign'; readonly keyId: string }
  | { readonly kind: 'broken'; readonly why: string }

export const maxManifestBytes = 1024 * 1024

/** A key for one generation, and the same sealed with the operator's key. */
export interface DataKey {
  readonly key: KeyObject
  readonly wrapped: string
}

export function createDataKey(generation: number, backupKey: BackupKey): DataKey {
  const bytes = randomBytes(32)
  return { key: createSecretKey(bytes), wrapped: lock(bytes, backupKey.key, boundTo('key', generation, backupKey.id)) }
}

export function writeManifest(manifest: Manifest, dataKey: DataKey, { id: keyId }: BackupKey): Uint8Array {
  const body = lock(Buffer.from(JSON.stringify(manifest)), dataKey.key, boundTo('manifest', manifest.generation, keyId))
  return Buffer.from(
    `${JSON.stringify({ format, generation: manifest.generation, keyId, wrappedKey: dataKey.wrapped, body })}\n`,
  )
}

export function openManifest(bytes: Uint8Array, generation: number, keys: readonly BackupKey[]): OpenedManifest {
  const outer = parse(Buffer.from(bytes).toString('utf8'))
  if (!isRecord(outer) || outer['format'] !== format) return broken(`it is no manifest of the form ${format}`)
  const { keyId, wrappedKey, body } = outer
  if (typeof keyId !== 'string' || typeof wrappedKey !== 'string' || typeof body !== 'string')
    return broken('the manifest lacks a field')
  const backupKey = keys.find(({ id }) => id === keyId)
  if (!backupKey) return { kind: 'foreign', keyId: /^[0-9a-f]{16}$/.test(keyId) ? keyId : 'unreadable' }
  // Whatever generation it says, it must open as the one whose place it has: that is how a swapped one is found.
  const data = unlock(wrappedKey, backupKey.key, boundTo('key', generation, keyId))
  if (!data || data.length !== 32) return broken('the manifest was altered, or belongs to another generation')
  const dataKey = createSecretKey(data)
  const manifest = readManifest(unlock(body, dataKey, boundTo('manifest', generation, keyId)))
  return manifest?.generation === generation
    ? { kind: 'opened', manifest, dataKey }
    : broken('the manifest was altered, or belongs to another generation')
}

const format = 'ai-backup/1'

/** Whether a part may be written below a folder: plain names joined by `/`, none of which leads out. */
export function isPartName(name: string): boolean {
  return name.length <= 200 && /^(?!\.{1,2}(?:\/|$))[\w.@-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.@-]+)*$/.test(name)
}

function readManifest(bytes: Buffer | undefined): Manifest | undefined {
  const value = bytes && parse(bytes.toString('utf8'))
  if (!isRecord(value)) return undefined
  const { generation, createdAt, writer, parts } = value
  if (typeof generation !== 'number' || typeof createdAt !== 'string' || typeof writer !== 'string') return undefined
  if (Number.isNaN(Date.parse(createdAt)) || !Array.isArray(parts)) return undefined
  const read = parts.flatMap((part: unknown) => readPart(part) ?? [])
  return read.length === parts.length ? { generation, createdAt, writer, parts: read } : undefined
}

function readPart(value: unknown): ManifestPart | undefined {
  if (!isRecord(value)) return undefined
  const { name, bytes, sha256, sealedBytes, sealedSha256, facts } = value
  if (typeof name !== 'string' || !isPartName(name) || typeof bytes !== 'number') return undefined
  if (typeof sha256 !== 'string' || typeof sealedBytes !== 'number' || typeof sealedSha256 !== 'string')
    return undefined
  if (!isRecord(facts)) return undefined
  const texts = Object.entries(facts).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { name, bytes, sha256, sealedBytes, sealedSha256, facts: Object.fromEntries(texts) }
}

function lock(bytes: Uint8Array, key: KeyObject, bound: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(bound)
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function unlock(text: string, key: KeyObject, bound: Buffer): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 28) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAAD(bound)
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch {
    return undefined // The caller says what did not open.
  }
}

function boundTo(what: 'key' | 'manifest', generation: number, keyId: string): Buffer {
  return Buffer.from(JSON.stringify([format, what, generation, keyId]))
}

function broken(why: string): OpenedManifest {
  return { kind: 'broken', why }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // No JSON is no manifest: the caller says so.
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
