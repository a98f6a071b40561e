// The form of caller keys: made, recognised, hashed.
import { randomBytes } from 'node:crypto'
import { Secret } from 'ai-lib/internal/errors/secret'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCallerKey, hashCallerKey, parseCallerKey } from './caller-key.ts'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('a key is ais_, its id, 43 digits of secret and 6 of checksum, and parses to its id', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{1,32}$/), bytes32, (id, random) => {
      const key = createCallerKey(id, random)
      expect(key).toMatch(/^ais_[A-Za-z0-9]+_[A-Za-z0-9]{49}$/)
      expect(parseCallerKey(key)).toEqual({ id })
    }),
  )
})

test('the smallest and the largest secret have the same length', () => {
  const lengths = [0, 255].map((byte) => createCallerKey('k', new Uint8Array(32).fill(byte)).length)
  expect(lengths).toEqual([55, 55])
})

test('different random bytes give different keys', () => {
  fc.assert(
    fc.property(bytes32, bytes32, (left, right) => {
      const isSame = Buffer.compare(left, right) === 0
      expect(createCallerKey('k', left) === createCallerKey('k', right)).toBe(isSame)
    }),
  )
})

test('one changed, missing or added character is noticed by the checksum', () => {
  const key = createCallerKey('k1', randomBytes(32))
  for (let index = 0; index < key.length; index += 1) {
    const other = key[index] === 'x' ? 'y' : 'x'
    expect(parseCallerKey(`${key.slice(0, index)}${other}${key.slice(index + 1)}`)).toBeUndefined()
    expect(parseCallerKey(`${key.slice(0, index)}${key.slice(index + 1)}`)).toBeUndefined()
  }
  expect(parseCallerKey(`${key}x`)).toBeUndefined()
})

test.each([
  '',
  'ais_',
  'sk-1234',
  "' OR '1'='1",
  `ais_k1_${'0'.repeat(49)}`,
  `ais_k1_${'0'.repeat(1_000_000)}`,
  `ais_é_${'0'.repeat(49)}`,
  '\0',
])('%j is no caller key', (text) => {
  expect(parseCallerKey(text.slice(0, 2_000_000))).toBeUndefined()
})

test('ids and randomness of another form are refused', () => {
  expect(() => createCallerKey('a_b', randomBytes(32))).toThrow(RangeError)
  expect(() => createCallerKey('', randomBytes(32))).toThrow(RangeError)
  expect(() => createCallerKey('k', randomBytes(16))).toThrow(RangeError)
})

test('the hash depends on key and pepper, and stays what it was', () => {
  const key = createCallerKey('k1', new Uint8Array(32).fill(7))
  const plain = hashCallerKey(key, undefined)
  expect(plain).toMatch(/^hmac-sha256:[0-9a-f]{64}$/)
  expect(hashCallerKey(key, new Secret('pepper'))).not.toBe(plain)
  // Stored hashes must stay valid: a change here locks every caller out.
  expect({ key, plain }).toMatchInlineSnapshot(`
    {
      "key": "ais_k1_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF10xhI8c",
      "plain": "hmac-sha256:a30c971c8cadbafbd33b4acba394c3feca6a84594ac01a089e472ff267f5c7e8",
    }
  `)
})
