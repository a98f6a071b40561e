// How far the audit trail goes, as the manifest of a backup says it.
import { parseHead } from '../audit/signed-head.ts'
import type { StoredHead } from '../stores/audit-store.ts'

/** Present in the manifest where a part holds a trail. */
export const chainsFact = 'chains'

/** Chains, records together, and the newest head: writer, number and hash of its record. */
export function trailFacts(stored: readonly StoredHead[]): Readonly<Record<string, string>> {
  const heads = stored.flatMap(({ head }) => parseHead(head) ?? [])
  const newest = heads.toSorted((left, right) => (left.time < right.time ? 1 : -1))[0]
  return {
    [chainsFact]: String(stored.length),
    records: String(stored.reduce((sum, { count }) => sum + count, 0)),
    ...(newest === undefined ? {} : { chain_head: `${newest.writer} ${newest.count} ${newest.hash}` }),
  }
}
