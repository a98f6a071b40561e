// Request ids: unguessable, ordered by time, made on every request and thus cheap.
import { randomFillSync } from 'node:crypto'

// Crockford's base32 in lower case: no i, l, o, u, and text order is number order.
const alphabet = Buffer.from('0123456789abcdefghjkmnpqrstvwxyz', 'latin1')
const timeLetters = 10
const randomLetters = 16
const pool = Buffer.alloc(randomLetters * 256)
const id = Buffer.alloc(4 + timeLetters + randomLetters)
id.write('req_', 'latin1')

let poolAt = pool.length
let stampedMs = -1

/**
 * `req_` and 26 letters in the manner of ULID: 50 bits of milliseconds since the epoch, then 80 random bits. Ids of
 * different milliseconds sort by time, those of one millisecond in no order.
 */
export function createRequestId(nowMs: number = Date.now()): string {
  if (nowMs !== stampedMs) stamp(nowMs)
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  for (let letter = 0; letter < randomLetters; letter++)
    id[4 + timeLetters + letter] = letterOf(pool[poolAt + letter] ?? 0)
  poolAt += randomLetters
  return id.toString('latin1')
}

function stamp(nowMs: number): void {
  stampedMs = nowMs
  let rest = nowMs
  for (let letter = timeLetters - 1; letter >= 0; letter--) {
    id[4 + letter] = letterOf(rest % 32)
    rest = Math.floor(rest / 32)
  }
}

function letterOf(value: number): number {
  return alphabet[value & 31] ?? 0
}
