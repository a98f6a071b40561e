// A text that is the same where two pieces of configuration are, secrets included, and tells none of them.
import { createHash } from 'node:crypto'
import { Secret } from 'ai-lib/internal/errors/secret'

export function partKey(...pieces: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(pieces.map(plain)))
    .digest('base64url')
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return ['secret', value.reveal()]
  if (value instanceof Map || value instanceof Set) return [...value].map(plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}
