// Web pages: an Origin is refused unless it is listed, so that a page cannot spend through a listener without authentication.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { ClientHeaders } from './client-headers.ts'

/** Headers for an allowed origin. @throws AiError `policy_origin_refused`. */
export function corsHeaders(origin: string | undefined, allowed: ReadonlySet<string>): readonly string[] {
  if (origin === undefined) return []
  if (!allowed.has(origin)) throw new AiError('policy_origin_refused')
  return [
    'access-control-allow-origin',
    origin,
    'vary',
    'origin',
    'access-control-expose-headers',
    'x-request-id, retry-after',
  ]
}

/** The answer to a preflight. */
export function preflightHeaders(headers: ClientHeaders, allowed: ReadonlySet<string>): readonly string[] {
  const wanted = /^[A-Za-z0-9, -]{1,1000}$/.exec(headers.accessControlHeaders ?? '')?.[0]
  return [
    ...corsHeaders(headers.origin, allowed),
    'access-control-allow-methods',
    'GET, POST',
    ...(wanted ? ['access-control-allow-headers', wanted] : []),
    'access-control-max-age',
    '600',
  ]
}
