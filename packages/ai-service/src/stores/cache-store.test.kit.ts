// The contract suite of stores for cached answers: every implementation runs it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CacheLookup, CacheStore } from './cache-store.ts'

export interface OpenedStore {
  readonly store: CacheStore<Uint8Array>
  /** Lets time pass for the store. */
  pass(ms: number): Promise<void>
}

/** The store of one test, its answers as promises in any case. */
interface Under {
  get(key: string): Promise<CacheLookup<Uint8Array>>
  set(key: string, value: Uint8Array, ttlMs?: number): Promise<boolean>
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

export function describeCacheStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`cache store: ${name}`, () => {
    let opened: OpenedStore
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.store.close())
    const under: Under = {
      get: async (key) => opened.store.get(key),
      set: async (key, value, ttlMs = 60_000) => opened.store.set(key, value, ttlMs),
      pass: (ms) => opened.pass(ms),
      close: () => opened.store.close(),
    }
    itKeeps(under)
    itForgets(under)
  })
}

function itKeeps({ get, set }: Under): void {
  it('has nothing that was not set', async () => {
    expect(await get('k')).toEqual({ kind: 'absent' })
  })

  it('gives bytes as they were, all of them', async () => {
    const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    expect(await set('k', value)).toBe(true)
    const found = await get('k')
    expect(found.kind === 'found' && Buffer.from(found.value).equals(value)).toBe(true)
  })

  it('keeps empty values and megabytes', async () => {
    const large = Buffer.alloc(1024 * 1024, 7)
    await set('empty', Buffer.alloc(0))
    await set('large', large)
    expect(await get('empty')).toMatchObject({ kind: 'found' })
    const found = await get('large')
    expect(found.kind === 'found' && Buffer.from(found.value).equals(large)).toBe(true)
  })

  it('keeps keys apart, whatever they are', async () => {
    const keys = ['k', 'K', '', 'k ', '__proto__', 'é', 'a:b', 'a\r\nDEL k']
    for (const key of keys) await set(key, Buffer.from(`value of ${key}`))
    for (const key of keys) {
      const found = await get(key)
      expect(found.kind === 'found' && Buffer.from(found.value).toString()).toBe(`value of ${key}`)
    }
  })

  it('puts a new value in the place of an old one', async () => {
    await set('k', Buffer.from('old'))
    await set('k', Buffer.from('new'))
    const found = await get('k')
    expect(found.kind === 'found' && Buffer.from(found.value).toString()).toBe('new')
  })
}

function itForgets({ get, set, pass, close }: Under): void {
  it('forgets in time', async () => {
    await set('short', Buffer.from('v'), 50)
    await set('long', Buffer.from('v'), 60_000)
    await pass(60)
    expect(await get('short')).toEqual({ kind: 'absent' })
    expect(await get('long')).toMatchObject({ kind: 'found' })
  })

  it('answers nothing once it is closed, and neither throws nor rejects', async () => {
    await close()
    expect(['absent', 'failed', 'found']).toContain((await get('k')).kind)
    expect([true, false]).toContain(await set('k', Buffer.from('v')))
    await close()
  })
}
