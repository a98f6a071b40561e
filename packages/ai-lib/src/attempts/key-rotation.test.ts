// A new value joins, proves itself, the old one drains and leaves; refusals, rests and quotas on the way.
import { describe, expect, it } from 'vitest'
import { Secret } from '../errors/secret.ts'
import { type KeyEvent, KeyPool, type PoolKey } from './key-pool.ts'

const none: ReadonlySet<PoolKey> = new Set()
const key = (name: string, value: string, weight?: number): PoolKey => ({
  name,
  secret: new Secret(value),
  ...(weight === undefined ? {} : { weight }),
})

function opened(...keys: PoolKey[]) {
  const events: KeyEvent[] = []
  const pool = new KeyPool(keys, {
    onEvent: (event) => void events.push(event),
    refreshing: () => undefined,
    close: () => undefined,
  })
  return { pool, types: () => events.splice(0).map(({ type }) => type), events }
}

describe('a new value', () => {
  it('gets one request at a time until it has answered, then everything', () => {
    const [old, fresh] = [key('a', 'old'), key('a', 'new')]
    const { pool, types } = opened(old)
    pool.offer(fresh)
    expect(pool.states()[0]?.incoming?.state).toEqual({ kind: 'probation' })
    expect(pool.pick(0, none)).toBe(fresh)
    pool.holdOf(fresh)?.take()
    expect([pool.pick(0, none), pool.pick(0, none)]).toEqual([old, old])
    pool.proved(fresh)
    expect(pool.pick(0, none)).toBe(fresh)
    expect(types()).toEqual(['key-joined', 'key-rotated', 'key-drained'])
    expect(pool.size).toBe(1)
  })

  it('leaves the old value its requests: it leaves after the last one', () => {
    const [old, fresh] = [key('a', 'old'), key('a', 'new')]
    const { pool, types } = opened(old)
    const holds = [pool.holdOf(old), pool.holdOf(old)]
    for (const hold of holds) hold?.take()
    pool.offer(fresh)
    pool.proved(fresh)
    holds[0]?.release()
    expect(types()).toEqual(['key-joined', 'key-rotated'])
    holds[1]?.release()
    expect(types()).toEqual(['key-drained'])
  })

  it('that is refused costs the old one nothing', () => {
    const [old, fresh] = [key('a', 'old'), key('a', 'new')]
    const { pool, types, events } = opened(old)
    pool.offer(fresh)
    pool.retire(fresh, 'quarantined')
    expect(events.at(-1)).toMatchObject({ type: 'key-out', stage: 'incoming', reason: 'quarantined' })
    expect(pool.pick(0, none)).toBe(old)
    types()
    pool.offer(key('a', 'new'))
    expect(types()).toEqual([])
    pool.offer(key('a', 'third'))
    expect(types()).toEqual(['key-drained', 'key-joined'])
  })

  it('takes everything at once where the old one is out, and says that the key has recovered', () => {
    const [old, fresh] = [key('a', 'old'), key('a', 'new')]
    const { pool, types, events } = opened(old)
    pool.retire(old, 'quarantined')
    expect(pool.pick(0, none)).toBeUndefined()
    pool.offer(fresh)
    pool.holdOf(fresh)?.take()
    expect([pool.pick(0, none), pool.pick(0, none)]).toEqual([fresh, fresh])
    pool.proved(fresh)
    expect(events.at(-2)).toMatchObject({ type: 'key-recovered', after: 'quarantined' })
    expect(types()).toEqual(['key-out', 'key-joined', 'key-rotated', 'key-recovered', 'key-drained'])
  })

  it('that is the same as the one in use changes nothing', () => {
    const { pool, types } = opened(key('a', 'old'))
    pool.offer(key('a', 'old'))
    expect(types()).toEqual([])
    expect(pool.states()).toHaveLength(1)
  })

  it('that is withdrawn before it answered leaves again', () => {
    const [old, fresh] = [key('a', 'old'), key('a', 'new')]
    const { pool, types } = opened(old)
    pool.offer(fresh)
    pool.offer(key('a', 'old'))
    expect(types()).toEqual(['key-joined', 'key-drained'])
    pool.proved(fresh)
    expect(pool.pick(0, none)).toBe(old)
  })

  it('under a new name stands beside the others with its weight once it has answered', () => {
    const [a, b] = [key('a', 'va'), key('b', 'vb', 3)]
    const { pool } = opened(a)
    pool.offer(b)
    pool.proved(b)
    const picked = Array.from({ length: 40 }, () => pool.pick(0, none))
    expect(picked.filter((one) => one === b)).toHaveLength(30)
  })

  it('keeps no trace of values that are gone', () => {
    const { pool } = opened(key('a', 'v0'))
    for (let round = 1; round <= 1_000; round++) {
      const fresh = key('a', `v${round}`)
      pool.offer(fresh)
      pool.proved(fresh)
    }
    expect(pool.size).toBe(1)
    expect(pool.states()).toEqual([
      { name: 'a', state: { kind: 'ready' }, fingerprint: new Secret('v1000').fingerprint },
    ])
  })
})

describe('a key that is out', () => {
  it('is told of once, however many requests it fails', () => {
    const a = key('a', 'v')
    const { pool, types } = opened(a)
    for (let request = 0; request < 5; request++) pool.retire(a, 'quarantined')
    expect(types()).toEqual(['key-out'])
  })

  it('comes back on trial where somebody asks for it, and recovers with an answer', () => {
    const a = key('a', 'v')
    const { pool, types, events } = opened(a, key('b', 'w'))
    pool.retire(a, 'exhausted')
    pool.retry('a')
    expect(pool.states()[0]?.state).toEqual({ kind: 'probation' })
    pool.proved(a)
    expect(events.at(-1)).toMatchObject({ type: 'key-recovered', after: 'exhausted' })
    expect(types()).toEqual(['key-out', 'key-recovered'])
  })

  it('recovers from a rest by itself, told once', () => {
    const a = key('a', 'v')
    const { pool, types } = opened(a)
    pool.cool(a, 100)
    pool.cool(a, 200)
    expect(pool.pick(150, none)).toBeUndefined()
    expect(pool.pick(200, none)).toBe(a)
    expect(pool.pick(201, none)).toBe(a)
    expect(types()).toEqual(['key-cooled', 'key-recovered'])
  })

  it('that expired is back with the same value, and a refused one is not', () => {
    const a = key('a', 'v')
    const { pool, types } = opened(a)
    pool.expire('a')
    expect(pool.pick(0, none)).toBeUndefined()
    pool.offer(key('a', 'v'))
    expect(pool.pick(0, none)).toBe(a)
    expect(types()).toEqual(['key-out', 'key-recovered'])
    pool.retire(a, 'quarantined')
    pool.expire('a')
    pool.offer(key('a', 'v'))
    expect(pool.states()[0]?.state).toEqual({ kind: 'quarantined' })
  })

  it('gets no further request once its name is removed', () => {
    const [a, b] = [key('a', 'v'), key('b', 'w')]
    const { pool, types } = opened(a, b)
    pool.holdOf(a)?.take()
    const hold = pool.holdOf(a)
    pool.remove('a')
    expect(pool.pick(0, none)).toBe(b)
    expect(types()).toEqual([])
    hold?.release()
    expect(types()).toEqual(['key-drained'])
  })
})
