// The key that seals backups: 32 bytes, as somebody wrote them down, and the name by which a backup tells which it was.
import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import { AiError } from '../errors/ai-error.ts'
import type { Secret } from '../errors/secret.ts'

export interface BackupKey {
  /** Sixteen hex digits that name the key without telling it. */
  readonly id: string
  readonly key: KeyObject
}

/**
 * Reads 32 bytes written as hex, base64 or base64url, padding optional; blanks around them do not matter.
 * @throws AiError `config_invalid` for anything else; the text is never repeated.
 */
export function readBackupKey(text: string | Secret): BackupKey {
  const bytes = keyBytes((typeof text === 'string' ? text : text.reveal()).trim())
  if (bytes === undefined)
    throw new AiError('config_invalid', {
      message: `A backup key is ${expectedKey}. Make one: openssl rand -base64 32`,
    })
  const id = createHash('sha256').update('ai-backup key id\0').update(bytes).digest('hex').slice(0, 16)
  return { id, key: createSecretKey(bytes) }
}

export const expectedKey = '32 bytes as base64, base64url or hex'

function keyBytes(text: string): Buffer | undefined {
  // 64 hex digits would be 48 bytes of base64: this form is asked first.
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 ? bytes : undefined
}
