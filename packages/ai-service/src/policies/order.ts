// The order of policies, outermost first: who is calling, how much they may, which models, and what was answered before.
import type { AuthMode } from './auth.ts'
import { auth } from './auth.ts'
import { cache, type CacheParts } from './cache.ts'
import { modelAccess } from './model-access.ts'
import type { Policy } from './policy.ts'
import { rateLimit, type RateLimitParts } from './rate-limit.ts'

export function orderedPolicies(parts: {
  readonly auth: AuthMode
  readonly limits: RateLimitParts
  readonly cache?: CacheParts | undefined
}): readonly Policy[] {
  return [
    auth(parts.auth),
    ...(parts.limits.rules.length > 0 ? [rateLimit(parts.limits)] : []),
    modelAccess(),
    ...(parts.cache ? [cache(parts.cache)] : []),
  ]
}
