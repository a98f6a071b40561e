// What a backup says of keys: each state, the rest of a pause as a date, and never a value.
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { Secret } from 'ai-lib/internal/errors/secret'
import { expect, test } from 'vitest'
import { backedUpKeys } from './backed-up-keys.ts'

const clock = { nowMs: () => 1_000, dateMs: () => Date.UTC(2026, 0, 1) }

function keyOf(name: string) {
  return { name, secret: new Secret(`sk-of-the-ring-${name}`) }
}

test('every state has its name, a pause its end, a new value its own line', () => {
  const keys = ['ready', 'cooling', 'rested', 'quarantined', 'exhausted'].map(keyOf)
  const [, cooling, rested, quarantined, exhausted] = keys
  const pool = new KeyPool(keys)
  if (cooling) pool.cool(cooling, 61_000)
  if (rested) pool.cool(rested, 900)
  if (quarantined) pool.retire(quarantined, 'quarantined')
  if (exhausted) pool.retire(exhausted, 'exhausted')
  pool.offer({ name: 'quarantined', secret: new Secret('sk-of-the-ring-next') })
  const told = backedUpKeys(new Map([['openai', pool]]), clock)
  expect(told).toMatchObject([
    { provider: 'openai', key: 'ready', state: 'ready', fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) },
    { key: 'cooling', state: 'cooling', until: '2026-01-01T00:01:00.000Z' },
    { key: 'rested', state: 'ready' },
    { key: 'quarantined', state: 'quarantined', incoming: { state: 'probation' } },
    { key: 'exhausted', state: 'exhausted' },
  ])
  expect(JSON.stringify(told)).not.toContain('sk-of')
})

test('an upstream without a key has a state and no fingerprint', () => {
  const told = backedUpKeys(new Map([['ollama', new KeyPool([{ name: 'none' }])]]), clock)
  expect(told).toEqual([{ provider: 'ollama', key: 'none', state: 'ready' }])
})
