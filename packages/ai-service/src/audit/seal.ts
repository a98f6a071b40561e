// Gives a draft its place: seq, the hash of the record before it, and its own.
import { hash } from 'node:crypto'
import type { SealedRecord } from '../stores/audit-store.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Draft } from './draft.ts'

/** What the first record of a chain names as the one before it. */
export const noHash = '0'.repeat(64)

export interface Place {
  readonly writer: string
  readonly seq: number
  readonly previous: string
}

export interface Sealed extends SealedRecord {
  readonly hash: string
}

/** @param writer letters, digits and underscores. */
export function seal({ kind, requestId, pieces }: Draft, { writer, seq, previous }: Place): Sealed {
  const [a, b, c, d] = pieces
  const rest = `${b}"prev_hash":"${previous}",${c}"seq":${seq},${d}"writer":"${writer}"}`
  const own = hash('sha256', `{${a}${rest}`)
  return { seq, kind, requestId, hash: own, text: `{${a}"hash":"${own}",${rest}` }
}

/** The hash that a record's content has, whatever it says itself. @throws TypeError for what no record can hold. */
export function hashOf({ hash: _said, ...rest }: Readonly<Record<string, unknown>>): string {
  return hash('sha256', canonicalJson(rest))
}
