// The cache that applications use: texts by key, each for a time, all together within a bound.
import { AiError } from '../errors/ai-error.ts'
import { ByteLru } from './byte-lru.ts'

/** How long a `ResponseCache` keeps answers, and how much. */
export interface ResponseCacheOptions {
  /** Milliseconds that an entry lives after it was set. Default 600,000 (ten minutes). */
  readonly ttlMs?: number
  /** Bytes that all entries may take together, keys and bookkeeping included. Default 67,108,864 (64 MiB). */
  readonly maxBytes?: number
  /** Monotonic milliseconds; a parameter for tests. Default `performance.now()`. */
  readonly nowMs?: () => number
}

/**
 * What a client needs of a cache. `ResponseCache` is one; write your own over whatever you share between processes.
 * A rejected promise of it fails no request: it counts as a miss.
 */
export interface CompletionCache {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

const defaults = { ttlMs: 600_000, maxBytes: 64 * 1024 * 1024 } as const

/**
 * Texts by key in this process's memory: each expires `ttlMs` after it was set, all together take at most `maxBytes`, and
 * what was asked for longest ago makes room.
 *
 * @example
 * ```ts
 * import { AiClient, Message, Provider, ResponseCache } from 'ai-lib'
 *
 * const cache = new ResponseCache({ ttlMs: 60_000, maxBytes: 8 * 1024 * 1024 })
 * await cache.set('greeting', 'hello')
 * console.log(await cache.get('greeting')) // hello, and undefined a minute later
 *
 * const client = new AiClient(Provider.OpenAI, { cache })
 * const request = { model: 'gpt-4o-mini', messages: [Message.user('ping')] }
 * await client.chatCompletion(request)
 * await client.chatCompletion(request) // answered from the cache
 * ```
 */
export class ResponseCache implements CompletionCache {
  /** Milliseconds that an entry lives. */
  readonly ttlMs: number
  /** Bytes that all entries may take together. */
  readonly maxBytes: number
  readonly #entries: ByteLru<string>

  /** @throws AiError `config_invalid` where a bound is no whole number above 0. */
  constructor({
    ttlMs = defaults.ttlMs,
    maxBytes = defaults.maxBytes,
    nowMs = () => performance.now(),
  }: ResponseCacheOptions = {}) {
    for (const [name, value] of Object.entries({ ttlMs, maxBytes }))
      if (!Number.isSafeInteger(value) || value <= 0)
        throw new AiError('config_invalid', { message: `${name} of a ResponseCache must be a whole number above 0.` })
    this.ttlMs = ttlMs
    this.maxBytes = maxBytes
    this.#entries = new ByteLru({ maxBytes, nowMs })
  }

  /** Bytes that the entries take now. Never above `maxBytes`. */
  get bytes(): number {
    return this.#entries.bytes
  }

  /** The text under a key; `undefined` where none was set, it expired, or it made room. */
  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#entries.get(key))
  }

  /** Keeps a text for `ttlMs`. One that alone exceeds `maxBytes` is not kept, and neither is what it was to replace. */
  set(key: string, value: string): Promise<void> {
    this.#entries.set(key, value, 2 * value.length, this.ttlMs)
    return Promise.resolve()
  }

  /** Shows bounds, never what is held. */
  toJSON(): { readonly ttlMs: number; readonly maxBytes: number; readonly bytes: number } {
    return { ttlMs: this.ttlMs, maxBytes: this.maxBytes, bytes: this.bytes }
  }
}
