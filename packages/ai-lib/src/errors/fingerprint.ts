// Eight hex digits that name a secret without telling it: the same wherever it shows, in logs, audit and metrics.
import { createHash } from 'node:crypto'

/** The beginning of SHA-256: enough to join lines by, of no use as a key. */
export function fingerprintOf(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 8)
}
