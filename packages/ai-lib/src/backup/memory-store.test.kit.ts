// A store in memory whose objects a test may alter, and which fails as it is told.
import { gather } from './digest.ts'
import { storageError } from './storage-error.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'

export type Operation = 'create' | 'read' | 'list' | 'remove'

export class MemoryStore implements ObjectStore {
  readonly location = 's3://memory'
  readonly objects = new Map<string, { bytes: Buffer; modifiedMs: number }>()
  /** Every operation, in order: `create generations/…/claim`. */
  readonly asked: string[] = []
  /** What is being created, before a fault is asked about. */
  readonly pending = new Map<string, Buffer>()
  nowMs = Date.parse('2026-06-01T00:00:00Z')
  /** Throws, or says what an operation gives instead of what it would. */
  fault: (operation: Operation, key: string) => 'exists' | 'gone' | 'lagging' | undefined = () => undefined

  async create(key: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<'created' | 'exists'> {
    this.asked.push(`create ${key}`)
    const bytes = Buffer.from(await gather(content, 1e9))
    signal?.throwIfAborted()
    this.pending.set(key, bytes)
    if (this.fault('create', key) === 'exists' || this.objects.has(key)) return 'exists'
    this.objects.set(key, { bytes, modifiedMs: this.nowMs })
    return 'created'
  }

  async read(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.asked.push(`read ${key}`)
    const object = this.objects.get(key)
    if (this.fault('read', key) === 'gone' || !object) return undefined
    return (async function* () {
      for (let from = 0; from < object.bytes.length; from += 10_000) yield object.bytes.subarray(from, from + 10_000)
    })()
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    this.asked.push(`list ${prefix}`)
    if (this.fault('list', prefix) === 'lagging') return []
    return [...this.objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { bytes, modifiedMs }]) => ({ key, bytes: bytes.length, modifiedMs }))
      .toSorted((left, right) => (left.key < right.key ? -1 : 1))
  }

  async remove(key: string): Promise<void> {
    this.asked.push(`remove ${key}`)
    this.fault('remove', key)
    this.objects.delete(key)
  }

  close(): void {
    // Nothing is held.
  }

  /** The keys of one generation, shortened. */
  keysOf(generation: number): readonly string[] {
    const folder = `generations/${String(generation).padStart(10, '0')}/`
    return [...this.objects.keys()].filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length))
  }

  object(generation: number, name: string): { bytes: Buffer; modifiedMs: number } {
    const object = this.objects.get(`generations/${String(generation).padStart(10, '0')}/${name}`)
    if (!object) throw new Error(`There is no ${name} of generation ${generation}.`)
    return object
  }
}

export function unreachable(): never {
  throw storageError('s3://memory', 'it cannot be reached (ECONNREFUSED): see to the endpoint and the network.')
}
