// Cached answers in a Valkey or Redis server that replicas share. It may be slow, full, read-only or gone: then there is no
// cache, and nothing else happens.
import type { CacheStore, ValueCodec } from '../cache-store.ts'
import { type LinkParts, openLink } from './link.ts'

export interface ValkeyCacheParts extends LinkParts {
  /** Stands before every key. */
  readonly prefix: string
}

/** A look-up is waited for: what it may cost is bounded by this, once. */
const getMs = 50
/** Nobody waits for a write. */
const setMs = 500
/** Bytes on their way to the server; beyond it nothing is written until some have arrived. */
const maxPendingBytes = 16 * 1024 * 1024

const absent = { kind: 'absent' } as const
const failed = { kind: 'failed' } as const

export async function openValkeyCache<Value>(
  parts: ValkeyCacheParts,
  codec: ValueCodec<Value>,
): Promise<CacheStore<Value>> {
  const link = await openLink(parts)
  const keyOf = (key: string): string => `${parts.prefix}:cache:${key}`
  let pendingBytes = 0
  return {
    isRemote: true,
    async get(key) {
      const reply = await link.run((client) => client.get(keyOf(key)), getMs)
      if (reply.kind === 'failed') return failed
      // What is on the other end may be anything: a server of another kind, or one that lost its way.
      const bytes: unknown = reply.value
      if (bytes === null) return absent
      const value = Buffer.isBuffer(bytes) ? codec.decode(key, bytes) : undefined
      return value === undefined ? failed : { kind: 'found', value }
    },
    async set(key, value, ttlMs) {
      const encoded = codec.encode(key, value)
      if (pendingBytes + encoded.length > maxPendingBytes) return false
      pendingBytes += encoded.length
      const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length)
      const expiration = { type: 'PX', value: Math.max(1, Math.round(ttlMs)) } as const
      const reply = await link.run((client) => client.set(keyOf(key), bytes, { expiration }), setMs)
      pendingBytes -= encoded.length
      return reply.kind === 'reply'
    },
    close: () => link.close(),
  }
}
