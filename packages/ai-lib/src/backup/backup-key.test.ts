import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { Secret } from '../errors/secret.ts'
import { readBackupKey } from './backup-key.ts'

it('32 bytes are read from hex, base64 and base64url, with and without padding, and are the same key', () => {
  const bytes = randomBytes(32)
  const texts = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64').replace('=', ''),
    bytes.toString('base64url'),
    `${bytes.toString('base64url')}=`,
    ` ${bytes.toString('base64')}\n`,
  ]
  const ids = texts.map((text) => readBackupKey(text).id)
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/)
  for (const text of texts) expect(readBackupKey(new Secret(text)).key.export().equals(bytes)).toBe(true)
})

it('anything else is refused, with what to do and without the text', () => {
  for (const text of [
    '',
    'a password that somebody thought long enough',
    randomBytes(31).toString('hex'),
    randomBytes(33).toString('base64'),
    randomBytes(16).toString('base64'),
    `${randomBytes(32).toString('hex')}00`,
    '*'.repeat(44),
  ]) {
    expect(() => readBackupKey(text)).toThrow(/32 bytes as base64, base64url or hex.*openssl rand -base64 32/)
    if (text.length > 3) expect(() => readBackupKey(text)).not.toThrow(text)
  }
})
