// Whose key it is: known, unknown, expired or no key at all.
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Secret } from 'ai-lib/internal/errors/secret'
import { expect, test } from 'vitest'
import { createCallerKey, hashCallerKey } from './caller-key.ts'
import { createKeyVerifier } from './verify-caller-key.ts'

const nowMs = () => 1_000_000

/** A well-formed key of this body, whatever its secret. */
function withChecksum(body: string): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let rest = crc32(body)
  let text = ''
  for (let digit = 0; digit < 6; digit += 1) {
    text = `${alphabet[rest % 62]}${text}`
    rest = Math.floor(rest / 62)
  }
  return `${body}${text}`
}

function entry(id: string, pepper?: Secret, expiresMs?: number) {
  const key = createCallerKey(id, randomBytes(32))
  return { key, entry: { id, hash: hashCallerKey(key, pepper), ...(expiresMs === undefined ? {} : { expiresMs }) } }
}

test('a known key gives its entry, another one of the same form is unknown', () => {
  const mine = entry('k1')
  const verify = createKeyVerifier({ keys: [entry('k0').entry, mine.entry] }, nowMs)
  expect(verify(mine.key)).toEqual({ kind: 'known', key: mine.entry })
  expect(verify(entry('k1').key)).toEqual({ kind: 'unknown' })
})

test('a key expires at its very millisecond', () => {
  const before = entry('a', undefined, 1_000_001)
  const at = entry('b', undefined, 1_000_000)
  const verify = createKeyVerifier({ keys: [before.entry, at.entry] }, nowMs)
  expect(verify(before.key).kind).toBe('known')
  expect(verify(at.key).kind).toBe('expired')
})

test('a hash made with another pepper does not match', () => {
  const mine = entry('k1', new Secret('one'))
  expect(createKeyVerifier({ keys: [mine.entry], pepper: new Secret('one') }, nowMs)(mine.key).kind).toBe('known')
  expect(createKeyVerifier({ keys: [mine.entry], pepper: new Secret('two') }, nowMs)(mine.key).kind).toBe('unknown')
  expect(createKeyVerifier({ keys: [mine.entry] }, nowMs)(mine.key).kind).toBe('unknown')
})

test('T14 the stored hash is no credential', () => {
  const mine = entry('k1')
  const verify = createKeyVerifier({ keys: [mine.entry] }, nowMs)
  expect(verify(mine.entry.hash)).toEqual({ kind: 'malformed' })
  expect(verify(mine.entry.hash.slice(12))).toEqual({ kind: 'malformed' })
})

test('T12 keys that share any number of leading characters never share an identity', () => {
  const mine = entry('k1')
  const verify = createKeyVerifier({ keys: [mine.entry] }, nowMs)
  for (let shared = 7; shared < mine.key.length - 6; shared += 1) {
    const secret = `${mine.key.slice(7, shared)}${'0'.repeat(43)}`.slice(0, 43)
    const other = withChecksum(`ais_k1_${secret}`)
    if (other !== mine.key) expect(verify(other)).toEqual({ kind: 'unknown' })
  }
})

test('without keys everything is unknown or malformed', () => {
  const verify = createKeyVerifier({ keys: [] }, nowMs)
  expect(verify(entry('k1').key)).toEqual({ kind: 'unknown' })
  expect(verify('')).toEqual({ kind: 'malformed' })
})
