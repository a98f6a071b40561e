// `cache:` and `stores.shared`: defaults, bounds, what is refused, and no password anywhere.
import { expect, test } from 'vitest'
import { describePlan } from './plan.ts'
import { mustLoad, problemsOf } from './load.test.kit.ts'

const env = {
  OPENAI_API_KEY: 'sk-openai',
  SHARED: 'rediss://user:pw-canary@cache.example:6380/2',
  PASSWORD: 'pw-canary',
}

test('without a section there is no cache, and the store is memory', async () => {
  const { config } = await mustLoad('server: {}', { env })
  expect(config.cache).toBeUndefined()
  expect(config.stores.shared).toEqual({ kind: 'memory' })
})

test('what is not enabled is off, and said to be', async () => {
  const { config, warnings } = await mustLoad('cache: { ttl: 1m }', { env })
  expect(config.cache).toBeUndefined()
  expect(warnings).toContain('cache is written and not enabled: add enabled: true.')
})

test('defaults share with nobody', async () => {
  const { config } = await mustLoad('cache: { enabled: true }', { env })
  expect(config.cache).toEqual({
    ttlMs: 600_000,
    maxBytes: 64 * 1024 * 1024,
    maxEntryBytes: 1024 * 1024,
    maxRequestBytes: 256 * 1024,
    scope: 'key',
    waitMs: 30_000,
  })
})

test('a cache smaller than an entry bounds the entry', async () => {
  const { config } = await mustLoad('cache: { enabled: true, maxBytes: 64KiB }', { env })
  expect(config.cache?.maxEntryBytes).toBe(64 * 1024)
})

test('that everybody shares is warned about', async () => {
  const { warnings } = await mustLoad('cache: { enabled: true, scope: global }', { env })
  expect(warnings).toContain('cache.scope is global: all callers are given each other’s answers.')
})

test.each([
  ['cache: { enabled: yes please }', '1:19 cache.enabled: found a text of 10 characters, expected true or false'],
  [
    'cache: { enabled: true, scope: teem }',
    '1:32 cache.scope: found a text of 4 characters, expected one of key, user, team, global; did you mean team?',
  ],
  [
    'cache: { enabled: true, ttl: 0s }',
    '1:30 cache.ttl: found "0s", expected a duration such as 250ms, 30s, 5m or 24h, above 0, up to 24d',
  ],
  [
    'cache: { enabled: true, maxBytes: 1KiB, maxEntryBytes: 2KiB }',
    '1:56 cache.maxEntryBytes: found more than cache.maxBytes, expected at most as much',
  ],
  [
    'cache: { enabled: true, size: 3 }',
    '1:25 cache.size: found an unknown key size; known here: enabled, ttl, maxBytes, maxEntryBytes, maxRequestBytes, scope, wait',
  ],
])('%s is refused', async (yaml, problem) => {
  const found = await problemsOf(yaml, { env })
  expect(found).toEqual([`ai-service.yaml:${problem}`])
})

test.each([
  ['memcached://cache:11211'],
  ['redis://'],
  ['redis://cache:6379/db'],
  ['redis://cache:6379/0?x=1'],
  ['http://cache:6379'],
  ['on'],
])('stores.shared: %s is refused, and what would do is said', async (url) => {
  const found = await problemsOf(`stores: { shared: "${url}" }`, { env })
  expect(found).toEqual([
    'ai-service.yaml:1:19 stores.shared: found something else, expected memory, or redis://host:6379/0 (rediss:// for TLS)',
  ])
})

test.each([
  ['env:SHARED', 'rediss://cache.example:6380/2'],
  ['redis://:${PASSWORD}@cache.example', 'redis://cache.example'],
])('the password of %s is in no plan', async (shared, shown) => {
  const loaded = await mustLoad(`stores: { shared: "${shared}", prefix: blue }`, { env })
  const plan = describePlan(loaded)
  expect(plan.stores.shared).toEqual({ kind: 'valkey', url: shown, prefix: 'blue' })
  expect(JSON.stringify([plan, loaded.config])).not.toContain('pw-canary')
})

test('another password is another version of the configuration', async () => {
  const versionWith = async (PASSWORD: string): Promise<string> =>
    (await mustLoad('stores: { shared: "redis://:${PASSWORD}@cache" }', { env: { ...env, PASSWORD } })).version
  expect(await versionWith('one')).not.toBe(await versionWith('two'))
})
