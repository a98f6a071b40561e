// How generations lie in a store: a numbered folder each, complete once its manifest is there.
import type { ObjectStore, StoredObject } from './object-store.ts'

export interface StoredGeneration {
  readonly generation: number
  readonly objects: readonly StoredObject[]
  /** False: an upload that is under way, or never ended. No candidate for a restore. */
  readonly isComplete: boolean
}

const folder = 'generations/'
const digits = 10

export function folderOf(generation: number): string {
  return `${folder}${String(generation).padStart(digits, '0')}/`
}

/** Written first: whoever creates it has the number for himself. */
export function claimKey(generation: number): string {
  return `${folderOf(generation)}claim`
}

/** @param index counts from 1, in the order of the manifest. */
export function partKey(generation: number, index: number): string {
  return `${folderOf(generation)}part-${String(index).padStart(3, '0')}`
}

export function manifestKey(generation: number): string {
  return `${folderOf(generation)}manifest`
}

/** The newest first. */
export async function listGenerations(store: ObjectStore, signal?: AbortSignal): Promise<readonly StoredGeneration[]> {
  const byNumber = new Map<number, StoredObject[]>()
  for (const object of await store.list(folder, signal)) {
    const number = numberOf(object.key)
    if (number === undefined) continue
    const objects = byNumber.get(number) ?? []
    objects.push(object)
    byNumber.set(number, objects)
  }
  return [...byNumber]
    .map(([generation, objects]) => ({
      generation,
      objects,
      isComplete: objects.some(({ key }) => key === manifestKey(generation)),
    }))
    .toSorted((left, right) => right.generation - left.generation)
}

function numberOf(key: string): number | undefined {
  const found = /^generations\/(\d{10})\//.exec(key)?.[1]
  return found === undefined ? undefined : Number(found)
}
