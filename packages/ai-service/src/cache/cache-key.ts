// The key of a request: equal only where the same tenant asks the same target the same thing.
import { hash } from 'node:crypto'
import { type CanonicalObject, canonicalObject } from 'ai-lib/internal/bytes/canonical-json'
import { lengthOf } from 'ai-lib/internal/bytes/pieces'
import type { Caller, Exchange } from '../exchange/exchange.ts'
import { inScratch } from '../exchange/scratch.ts'

/** Who shares answers with whom. */
export type CacheScope = 'key' | 'user' | 'team' | 'global'

export interface KeyRules {
  readonly scope: CacheScope
  /** A text that differs where a model's name leads elsewhere: providers, addresses, aliases. */
  routeOf(model: string): string
  /** Larger bodies are not hashed on the loop. */
  readonly maxRequestBytes: number
}

/** How an answer travels, not what it says: kept answers are told in either form. */
const transport: ReadonlySet<string> = new Set(['stream', 'stream_options'])
/** Headers that change an answer. */
const telling = ['anthropic-version', 'anthropic-beta', 'openai-beta'] as const
/** Changes whenever the meaning of a key does, so that a store of an older version holds nothing for this one. */
const version = 1

/** SHA-256 as base64url; undefined for what is not to be cached. */
export function cacheKeyOf(exchange: Exchange, { scope, routeOf, maxRequestBytes }: KeyRules): string | undefined {
  const { asked, caller, operation, head } = exchange
  if (asked === undefined || lengthOf(asked.body) > maxRequestBytes) return undefined
  const canonical = canonicalObject(inScratch(asked.body))
  if (canonical === undefined || touchesState(canonical)) return undefined
  const headers = telling.map((name) => head.forwarded[name] ?? null)
  const route = routeOf(asked.head.model)
  const prefix = JSON.stringify([version, route, tenantOf(scope, caller), operation.id, head.strictLosses, headers])
  return hash('sha256', canonical.bytes(prefix, transport), 'base64url')
}

/** Whose answers a caller may be given. Who lacks what the scope asks for shares with nobody but its own key. */
export function tenantOf(scope: CacheScope, { keyId, user, team }: Caller): readonly string[] {
  if (scope === 'global') return ['global']
  if (scope === 'team' && team !== undefined) return ['team', team]
  if (scope === 'user' && user !== undefined) return ['user', user]
  return keyId === undefined ? ['anonymous'] : ['key', keyId]
}

// What such a request means depends on what the provider holds, or it is to change that.
function touchesState(body: CanonicalObject): boolean {
  if (body.value('store') === 'true' || body.value('background') === 'true') return true
  return stateful.some((key) => (body.value(key) ?? 'null') !== 'null')
}

const stateful = ['previous_response_id', 'conversation', 'container'] as const
