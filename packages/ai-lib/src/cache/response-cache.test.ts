// The library's cache forgets in time, stays within its bytes, and makes room by what was asked for longest ago.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import { ResponseCache } from './response-cache.ts'

function at(start = 0) {
  const clock = { ms: start }
  return { clock, nowMs: () => clock.ms }
}

describe('time', () => {
  it('ends an entry ttlMs after it was set, and not before', async () => {
    const { clock, nowMs } = at()
    const cache = new ResponseCache({ ttlMs: 1_000, nowMs })
    await cache.set('k', 'v')
    clock.ms = 999
    expect(await cache.get('k')).toBe('v')
    clock.ms = 1_000
    expect(await cache.get('k')).toBeUndefined()
    expect(cache.bytes).toBe(0)
  })

  it('is not made longer by reading, and begins anew with a new value', async () => {
    const { clock, nowMs } = at()
    const cache = new ResponseCache({ ttlMs: 10, nowMs })
    await cache.set('k', 'v')
    clock.ms = 9
    expect(await cache.get('k')).toBe('v')
    await cache.set('k', 'w')
    clock.ms = 18
    expect(await cache.get('k')).toBe('w')
    clock.ms = 19
    expect(await cache.get('k')).toBeUndefined()
  })
})

describe('bytes', () => {
  it('make what was asked for longest ago go', async () => {
    const cache = new ResponseCache({ maxBytes: 2_000 })
    await cache.set('a', 'x'.repeat(300))
    await cache.set('b', 'x'.repeat(300))
    await cache.get('a')
    await cache.set('c', 'x'.repeat(300))
    expect(await cache.get('b')).toBeUndefined()
    expect(await cache.get('a')).toHaveLength(300)
    expect(await cache.get('c')).toHaveLength(300)
  })

  it('keep out what alone exceeds them, and what it was to replace is gone', async () => {
    const cache = new ResponseCache({ maxBytes: 1_000 })
    await cache.set('k', 'old')
    await cache.set('k', 'x'.repeat(1_000))
    expect(await cache.get('k')).toBeUndefined()
  })

  it('are never exceeded, whatever is set', async () => {
    const actions = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 900 })))
    await fc.assert(
      fc.asyncProperty(actions, async (sets) => {
        const cache = new ResponseCache({ maxBytes: 3_000 })
        for (const [key, length] of sets) {
          await cache.set(`k${key}`, 'x'.repeat(length))
          expect(cache.bytes).toBeLessThanOrEqual(3_000)
          expect(await cache.get(`k${key}`)).toHaveLength(length)
        }
      }),
    )
  })
})

it('a key of any name is only itself', async () => {
  const cache = new ResponseCache()
  expect(await cache.get('__proto__')).toBeUndefined()
  await cache.set('constructor', 'v')
  expect(await cache.get('constructor')).toBe('v')
  expect(await cache.get('toString')).toBeUndefined()
})

it.each([{ ttlMs: 0 }, { ttlMs: -1 }, { ttlMs: Number.NaN }, { maxBytes: 0 }, { maxBytes: 1.5 }])(
  'refuses %j, and says which is wrong',
  (options) => {
    expect(() => new ResponseCache(options)).toThrow(AiError)
    expect(() => new ResponseCache(options)).toThrow(Object.keys(options)[0] ?? '')
  },
)

it('shows no text that it holds', async () => {
  const cache = new ResponseCache()
  await cache.set('key-canary', 'value-canary')
  expect(`${inspect(cache, { depth: 9 })}${JSON.stringify(cache)}`).not.toContain('canary')
})
