// A secret comes out of `reveal()` and of nothing else.
import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { AiError } from './ai-error.ts'
import { Secret } from './secret.ts'

const canary = 'sk-canary-7f3a91c2e8'
const secret = new Secret(canary)

test.each([
  ['String', () => String(secret)],
  ['a template', () => String.raw({ raw: ['', ''] }, secret)],
  ['concatenation', () => 'x' + secret],
  ['JSON', () => JSON.stringify({ secret, list: [secret] })],
  ['inspect', () => inspect({ secret }, { depth: 9, showHidden: true, getters: true })],
  ['console formatting', () => format('%s %o %j %O', secret, secret, secret, secret)],
  ['toLocaleString', () => secret.toLocaleString()],
  [
    'own properties',
    () => JSON.stringify([Object.keys(secret), Object.entries(secret), Object.fromEntries(Object.entries(secret))]),
  ],
  [
    'every own name and symbol',
    () => inspect(Reflect.ownKeys(secret).map((key) => Reflect.get(secret, key) as unknown)),
  ],
  ['a structured clone', () => inspect(structuredClone({ secret }), { showHidden: true })],
  ['an error message', () => new Error(`failed with ${String(secret)}`).stack ?? ''],
  ['an error cause', () => inspect(new AiError('service_internal', {}, { cause: { secret } }), { showHidden: true })],
  ['Object.assign', () => inspect(Object.assign({}, secret), { showHidden: true })],
])('%s does not show it', (_name, print) => {
  const printed = print()
  expect(printed).not.toContain(canary)
  expect(printed).not.toContain(canary.slice(3, 12))
})

test('prints as [secret]', () => {
  expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(['[secret]', '"[secret]"', '[secret]'])
})

test('reveal gives it back', () => {
  expect(secret.reveal()).toBe(canary)
})

test('the fingerprint names the value, the same for the same value only', () => {
  expect(secret.fingerprint).toMatch(/^[0-9a-f]{8}$/)
  expect(new Secret(canary).fingerprint).toBe(secret.fingerprint)
  expect(new Secret(`${canary}x`).fingerprint).not.toBe(secret.fingerprint)
  expect(canary).not.toContain(secret.fingerprint)
})
