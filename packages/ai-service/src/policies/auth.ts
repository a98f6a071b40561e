// Finds out who is calling, from the headers alone and before the body is read.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { anonymous, type Caller } from '../exchange/exchange.ts'
import type { Policy } from './policy.ts'

export type Verified =
  | { readonly kind: 'known'; readonly caller: Caller }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'expired' }

/** `none` takes everybody as anonymous; `keys` asks `verify` about the presented credential. */
export type AuthMode = { readonly kind: 'none' } | { readonly kind: 'keys'; verify(credential: string): Verified }

export function auth(mode: AuthMode): Policy {
  return {
    name: 'auth',
    needs: 'headers',
    around(exchange, next) {
      exchange.caller = mode.kind === 'none' ? anonymous : identify(exchange.head.credential, mode.verify)
      return next()
    },
  }
}

/** @throws AiError `caller_unauthenticated`, `caller_unknown_key`, `caller_key_expired`. */
export function identify(credential: string | undefined, verify: (credential: string) => Verified): Caller {
  if (credential === undefined || credential === '') throw new AiError('caller_unauthenticated')
  const verified = verify(credential)
  switch (verified.kind) {
    case 'known':
      return verified.caller
    case 'expired':
      throw new AiError('caller_key_expired')
    case 'unknown':
    case 'malformed':
      throw new AiError('caller_unknown_key')
  }
}
