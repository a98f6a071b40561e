// Rings: sources that are read, fail, come back and grow too old; hooks; and that nothing printed shows a key.
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Secret } from '../errors/secret.ts'
import type { KeyEvent } from './key-event.ts'
import { KeyRing } from './key-ring.ts'
import type { SecretSource } from './secret-source.ts'

const none: ReadonlySet<never> = new Set()

/** A source whose value the test sets; an Error is thrown. */
function sourceOf(first: string | Error, more: Partial<SecretSource> = {}) {
  const told = { value: first, reads: 0, changed: () => undefined as void, isWatched: false }
  const source: SecretSource = {
    name: 'test:source',
    read: async () => {
      told.reads++
      await Promise.resolve()
      if (told.value instanceof Error) throw told.value
      return told.value
    },
    watch: (changed) => {
      told.changed = changed
      told.isWatched = true
      return () => {
        told.isWatched = false
      }
    },
    ...more,
  }
  return { told, source }
}

function ringOf(source: SecretSource, initial?: string) {
  const events: KeyEvent[] = []
  const ring = new KeyRing(
    [{ name: 'a', secret: source, ...(initial === undefined ? {} : { initial: new Secret(initial) }) }],
    { onKeyRotation: (event) => void events.push(event) },
    () => Date.now(),
  )
  const present = () => ring.pool.pick(Date.now(), none)
  const answer = () => {
    const key = present()
    if (key) ring.pool.proved(key)
    return key?.secret?.reveal()
  }
  return { ring, events, present, answer, types: () => events.splice(0).map(({ type }) => type) }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a source', () => {
  it('is read at once; a request may wait for it', async () => {
    const { ring, answer, types } = ringOf(sourceOf('v1').source)
    expect(ring.pool.size).toBe(0)
    await ring.pool.refreshing()
    expect(answer()).toBe('v1')
    expect(types()).toEqual([])
    expect(ring.pool.refreshing()).toBeUndefined()
    ring.close()
  })

  it('is read at its interval and when it says so; a new value takes over once it has answered', async () => {
    const { told, source } = sourceOf('v1', { refreshMs: 5_000 })
    const { ring, answer, types } = ringOf(source, 'v1')
    expect(told.reads).toBe(0)
    told.value = 'v2'
    await vi.advanceTimersByTimeAsync(5_000)
    expect(answer()).toBe('v2')
    expect(types()).toEqual(['key-joined', 'key-rotated', 'key-drained'])
    told.value = 'v3'
    told.changed()
    await settle()
    expect(answer()).toBe('v3')
    ring.close()
    expect(told.isWatched).toBe(false)
  })

  it('that tells of a change during a read is read once more: the first read may have seen the old value', async () => {
    const { told, source } = sourceOf('v1')
    const { ring } = ringOf(source, 'v1')
    told.changed()
    told.changed()
    told.changed()
    await settle()
    expect(told.reads).toBe(2)
    ring.close()
  })

  it.each([
    ['fails', new Error('is away'), 'test:source is away'],
    ['is empty', ' \n', 'test:source is empty'],
    ['holds what no header can', 'a\nb', 'test:source holds a blank, line break or non-ASCII character'],
  ])('that %s leaves the last good value, is asked again with growing pauses, and is back', async (_, value, why) => {
    const { told, source } = sourceOf(value, { refreshMs: 60_000 })
    const { ring, events, answer } = ringOf(source, 'good')
    told.changed()
    await vi.advanceTimersByTimeAsync(7_000)
    expect(answer()).toBe('good')
    expect(told.reads).toBe(4)
    expect(events.map((event) => event.type === 'refresh-failed' && event.inARow)).toEqual([1, 2, 3, 4])
    expect(events[0]).toMatchObject({ type: 'refresh-failed', key: 'a', why })
    told.value = 'better'
    await vi.advanceTimersByTimeAsync(8_000)
    expect(answer()).toBe('better')
    ring.close()
  })

  it('that hangs is given up after a while', async () => {
    const { source } = sourceOf('x', { read: () => new Promise<never>(() => undefined) })
    const { ring, events } = ringOf(source)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(events[0]).toMatchObject({ type: 'refresh-failed', why: 'test:source was not read within 10 s' })
    ring.close()
  })

  it('that is away for too long takes its key out, and back with the first good answer', async () => {
    const { told, source } = sourceOf(new Error('is away'), { refreshMs: 1_000, maxAgeMs: 60_000 })
    const { ring, present, answer, types } = ringOf(source, 'good')
    await vi.advanceTimersByTimeAsync(59_000)
    expect(answer()).toBe('good')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(present()).toBeUndefined()
    expect(types().filter((type) => type !== 'refresh-failed')).toEqual(['key-out'])
    told.value = 'good'
    await vi.advanceTimersByTimeAsync(1_000)
    expect(answer()).toBe('good')
    expect(types()).toEqual(['key-recovered'])
    ring.close()
  })

  it('is read at once where the provider refuses its key', async () => {
    const { told, source } = sourceOf('old')
    const { ring, present, answer } = ringOf(source, 'old')
    const old = present()
    told.value = 'new'
    if (old) ring.pool.retire(old, 'quarantined')
    expect(ring.pool.refreshing()).toBeDefined()
    await settle()
    expect(answer()).toBe('new')
    ring.close()
  })
})

describe('a ring', () => {
  it('takes further keys, new values and removals while it serves', () => {
    const ring = new KeyRing('first')
    ring.set('primary', 'second')
    ring.set('spare', 'third', 0)
    const key = ring.pool.pick(0, none)
    expect(key?.secret?.reveal()).toBe('second')
    if (key) ring.pool.proved(key)
    ring.remove('primary')
    expect(ring.pool.pick(0, none)?.secret?.reveal()).toBe('third')
    expect(ring.states().map(({ name }) => name)).toEqual(['spare'])
  })

  it('gives keys that are out another trial where it is asked to refresh', async () => {
    const ring = new KeyRing('value')
    const key = ring.pool.pick(0, none)
    if (key) ring.pool.retire(key, 'exhausted')
    expect(ring.pool.pick(0, none)).toBeUndefined()
    await ring.refresh()
    expect(ring.pool.pick(0, none)).toBe(key)
  })

  it('calls the hooks of its options and of those who listen, and outlives what they throw', async () => {
    const seen: string[] = []
    const ring = new KeyRing('v1', {
      onKeyRotated: ({ previous }) => {
        seen.push(`rotated from ${previous}`)
        throw new Error('a broken hook')
      },
      onKeyQuarantined: async ({ reason }) => {
        seen.push(reason)
        await Promise.reject(new Error('a broken async hook'))
      },
    })
    const end = ring.listen({ onKeyRecovered: ({ after }) => void seen.push(`recovered from ${after}`) })
    const old = ring.pool.pick(0, none)
    if (old) ring.pool.retire(old, 'quarantined')
    ring.set('primary', 'v2')
    const fresh = ring.pool.pick(0, none)
    if (fresh) ring.pool.proved(fresh)
    expect(seen).toEqual(['quarantined', `rotated from ${new Secret('v1').fingerprint}`, 'recovered from quarantined'])
    end()
    await settle()
  })

  it('shows no key, however it is printed', async () => {
    const value = 'sk-canary-0123456789abcdef'
    const events: KeyEvent[] = []
    const { told, source } = sourceOf(value)
    const ring = new KeyRing(
      [
        { name: 'fixed', secret: value },
        { name: 'live', secret: source, initial: new Secret(value) },
      ],
      { onKeyRotation: (event) => void events.push(event) },
    )
    const key = ring.pool.pick(0, none)
    told.value = new Error('gone')
    told.changed()
    if (key) ring.pool.retire(key, 'quarantined')
    await settle()
    const printed = [ring, ring.pool, key, ring.states(), events].flatMap((thing) => [
      JSON.stringify(thing),
      inspect(thing, { depth: 20, showHidden: true, getters: true }),
      String(thing),
    ])
    expect(events.length).toBeGreaterThan(1)
    for (const text of printed) expect(text).not.toContain('canary')
    ring.close()
  })
})
