// Tells others which generation is being read, by an object beside the generations: retention leaves those alone.
import { randomBytes } from 'node:crypto'
import { once } from './digest.ts'
import type { ObjectStore } from './object-store.ts'

const folder = 'holds/'
/** A hold that is older was left behind by a process that died. */
const longestMs = 6 * 3_600_000

/** Runs `work` while the generation is held. Where nothing may be written there the work goes on without. */
export async function holding<Result>(
  store: ObjectStore,
  generation: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const key = `${folder}${generation}-${randomBytes(8).toString('hex')}`
  const isHeld = await store.create(key, once(randomBytes(1))).then(
    (result) => result === 'created',
    () => false, // Credentials that may only read are enough to verify and restore.
  )
  try {
    return await work()
  } finally {
    // Left behind it does no harm: it counts for six hours.
    if (isHeld) await store.remove(key).catch(() => undefined)
  }
}

/** Which generations are held now; removes what has been left behind. */
export async function heldGenerations(store: ObjectStore, nowMs: number, signal?: AbortSignal): Promise<Set<number>> {
  const held = new Set<number>()
  for (const { key, modifiedMs } of await store.list(folder, signal)) {
    const generation = /^holds\/(\d{1,10})-/.exec(key)?.[1]
    if (nowMs - modifiedMs > longestMs) await store.remove(key, signal)
    else if (generation !== undefined) held.add(Number(generation))
  }
  return held
}
