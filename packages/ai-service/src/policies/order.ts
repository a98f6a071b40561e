// The order of policies, outermost first: who is calling, how much they may, the record of it, which models, and what was
// answered before.
import { audit, type RequestAudit } from './audit.ts'
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
  readonly audit?: RequestAudit | undefined
}): readonly Policy[] {
  return [
    auth(parts.auth),
    ...(parts.limits.rules.length > 0 ? [rateLimit(parts.limits)] : []),
    ...(parts.audit ? [audit(parts.audit)] : []),
    modelAccess(),
    ...(parts.cache ? [cache(parts.cache)] : []),
  ]
}
