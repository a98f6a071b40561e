// The contract suite of object stores: every implementation runs it, wherever it keeps its objects.
import { describe, expect, it } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { digestOf, gather } from './digest.ts'
import { isObjectKey, type ObjectStore } from './object-store.ts'

/** Pieces of one size, so that content need not be held by the test. */
export async function* pieces(count: number, bytes: number, fill = 7): AsyncGenerator<Uint8Array> {
  for (let made = 0; made < count; made += 1) yield Buffer.alloc(bytes, fill + (made % 200))
}

async function* failing(after: number): AsyncGenerator<Uint8Array> {
  yield* pieces(after, 1024 * 1024)
  throw new Error('the source broke')
}

/** @param create a store that is empty; the same place each time a test asks once. */
export function describeObjectStore(name: string, create: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    itKeeps(create)
    itCreatesOnce(create)
    itStoresWhole(create)
    itNamesPlaces(create)
  })
}

function itKeeps(create: () => Promise<ObjectStore>): void {
  it('gives back what was stored, empty and large alike', async () => {
    const store = await create()
    for (const [key, count, bytes] of [
      ['a/empty', 0, 0],
      ['a/small', 1, 5],
      ['a/large', 20, 1024 * 1024 + 1],
    ] as const) {
      expect(await store.create(key, pieces(count, bytes))).toBe('created')
      const there = await store.read(key)
      expect(there && (await digestOf(there))).toEqual(await digestOf(pieces(count, bytes)))
    }
  })
  it('lists by prefix, in the order of keys, with sizes and times', async () => {
    const store = await create()
    expect(await store.list('')).toEqual([])
    for (const key of ['b/two', 'a/one', 'a/deep/er', 'ab']) await store.create(key, pieces(1, key.length))
    const listed = await store.list('')
    expect(listed.map(({ key }) => key)).toEqual(['a/deep/er', 'a/one', 'ab', 'b/two'])
    expect(listed.map(({ bytes }) => bytes)).toEqual([9, 5, 2, 5])
    expect(listed.every(({ modifiedMs }) => Math.abs(modifiedMs - Date.now()) < 3_600_000)).toBe(true)
    expect((await store.list('a/')).map(({ key }) => key)).toEqual(['a/deep/er', 'a/one'])
    expect((await store.list('a')).map(({ key }) => key)).toEqual(['a/deep/er', 'a/one', 'ab'])
    expect(await store.list('nowhere/')).toEqual([])
  })
  it('removes, and does not mind what is not there', async () => {
    const store = await create()
    await store.create('a/one', pieces(1, 1))
    await store.remove('a/one')
    await store.remove('a/one')
    expect(await store.read('a/one')).toBeUndefined()
    expect(await store.list('')).toEqual([])
    expect(await store.create('a/one', pieces(1, 2))).toBe('created')
  })
}

function itCreatesOnce(create: () => Promise<ObjectStore>): void {
  it('never replaces an object, small or large', async () => {
    const store = await create()
    for (const count of [1, 20]) {
      expect(await store.create(`a/${count}`, pieces(count, 1024 * 1024))).toBe('created')
      expect(await store.create(`a/${count}`, pieces(count, 1024 * 1024, 99))).toBe('exists')
      const there = await store.read(`a/${count}`)
      expect(there && (await digestOf(there))).toEqual(await digestOf(pieces(count, 1024 * 1024)))
    }
  })
  it('lets one of many win', async () => {
    const store = await create()
    const results = await Promise.all(Array.from({ length: 12 }, (_, at) => store.create('a/race', pieces(1, 100, at))))
    expect(results.filter((result) => result === 'created')).toHaveLength(1)
    const winner = results.indexOf('created')
    const there = await store.read('a/race')
    expect(there && (await gather(there, 1_000))[0]).toBe(winner)
  })
}

function itStoresWhole(create: () => Promise<ObjectStore>): void {
  it.each([0, 2, 20])('shows nothing of content that breaks after %s MiB', async (after) => {
    const store = await create()
    await expect(store.create('a/torn', failing(after))).rejects.toThrow('the source broke')
    expect(await store.read('a/torn')).toBeUndefined()
    expect(await store.list('')).toEqual([])
    expect(await store.create('a/torn', pieces(1, 1))).toBe('created')
  })
  it('shows nothing of an object whose writing was ended', async () => {
    const store = await create()
    const ending = new AbortController()
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces(10, 1024 * 1024)
      ending.abort()
      yield* pieces(10, 1024 * 1024)
    }
    await expect(store.create('a/ended', slow(), ending.signal)).rejects.toThrow()
    expect(await store.list('')).toEqual([])
  })
}

function itNamesPlaces(create: () => Promise<ObjectStore>): void {
  it('says where it is, and refuses keys that lead elsewhere', async () => {
    const store = await create()
    expect(store.location).toMatch(/^(?:file|s3):/)
    for (const key of ['../up', 'a/../b', '/root', 'a//b', 'a/', '.hidden', 'a\\b', 'ü', '', 'a\0b']) {
      expect(isObjectKey(key)).toBe(false)
      await expect(store.create(key, pieces(1, 1))).rejects.toThrow(AiError)
      await expect(store.read(key)).rejects.toThrow(store.location)
    }
  })
}
