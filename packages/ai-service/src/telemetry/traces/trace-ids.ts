// Ids of traces and spans: random, from a pool, because two or three are made for every request.
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4 * 1024)
let poolAt = pool.length

/** 32 hex digits, not all of them zero. */
export function newTraceId(): string {
  return idOf(16)
}

/** 16 hex digits, not all of them zero. */
export function newSpanId(): string {
  return idOf(8)
}

function idOf(bytes: number): string {
  if (poolAt + bytes > pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  const id = pool.toString('hex', poolAt, poolAt + bytes)
  poolAt += bytes
  // Once in 2^64: an id of zeros is none.
  return /[1-9a-f]/.test(id) ? id : idOf(bytes)
}
