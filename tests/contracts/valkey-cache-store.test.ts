// The store on a real server keeps the contract of stores for cached answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from 'ai-lib'
import { describeCacheStore } from '../../packages/ai-service/dist/stores/cache-store.test.kit.js'
import type { CacheStore, ValueCodec } from '../../packages/ai-service/dist/stores/cache-store.js'
import { openValkeyCache } from '../../packages/ai-service/dist/stores/valkey/cache-store.js'
import { eventually } from '../faults/asking.ts'
import { startValkey, type ValkeyServer } from '../kit/valkey.ts'
import { needs } from '../require.ts'

const plain: ValueCodec<Uint8Array> = { encode: (_, value) => value, decode: (_, bytes) => bytes }

async function ready(url: string, prefix = 'contract'): Promise<CacheStore<Uint8Array>> {
  const states: string[] = []
  const store = await openValkeyCache(
    { url: new Secret(url), prefix, onState: (state) => void states.push(state) },
    plain,
  )
  await eventually(() => states.includes('ready'), 'a connection')
  return store
}

needs('redis-server')('a server', () => {
  let server: ValkeyServer
  beforeAll(async () => {
    server = await startValkey()
  })
  afterAll(() => server.stop())

  describeCacheStore('valkey', async () => {
    await server.command('FLUSHALL')
    return {
      store: await ready(server.url),
      // The clock is the server's.
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    }
  })

  it('keys have the prefix of their deployment, and a time to live', async () => {
    const store = await ready(`${server.url}/3`, 'blue')
    await store.set('k', Buffer.from('v'), 5_000)
    await store.close()
    expect(await server.command('KEYS', '*')).not.toContain('blue')
    const moved = await server.command('MOVE', 'x', '3')
    expect(moved).toContain(':0')
    expect(await server.command('INFO', 'keyspace')).toMatch(/db3:keys=1,expires=1/)
  })
})

needs('redis-server')('a server with a password', () => {
  let server: ValkeyServer
  beforeAll(async () => {
    server = await startValkey('--requirepass', 'pass word/canary')
  })
  afterAll(() => server.stop())

  it('takes it from the URL', async () => {
    const url = server.url.replace('redis://', `redis://:${encodeURIComponent('pass word/canary')}@`)
    const store = await ready(url)
    expect(await store.set('k', Buffer.from('v'), 1_000)).toBe(true)
    await store.close()
  })

  it('a wrong one is told without being shown, and asked again', async () => {
    const whys: string[] = []
    const url = new Secret(server.url.replace('redis://', 'redis://:wrong-canary@'))
    const store = await openValkeyCache(
      {
        url,
        prefix: 'p',
        onState: (state, why) => void whys.push(`${state} ${why}`),
      },
      plain,
    )
    await eventually(() => whys.length > 0, 'a refusal')
    expect(whys).toEqual([expect.stringMatching(/^away WRONGPASS/)])
    expect(whys.join()).not.toContain('canary')
    expect(await store.get('k')).toEqual({ kind: 'failed' })
    await store.close()
  })
})

describe('no server at all', () => {
  it('opens at once, fails at once, and closes at once', async () => {
    const store = await openValkeyCache(
      { url: new Secret('redis://127.0.0.1:1'), prefix: 'p', onState: () => {} },
      plain,
    )
    expect(await store.get('k')).toEqual({ kind: 'failed' })
    expect(await store.set('k', Buffer.from('v'), 1_000)).toBe(false)
    await store.close()
  })
})
