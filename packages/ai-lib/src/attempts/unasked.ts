// Why no target was asked, or none with a key: the words for a client.
import type { UpstreamFailure } from '../chat/failure.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Target } from './target.ts'
import type { TargetRoute } from './target-route.ts'

/** Milliseconds after which a client may ask again where trials are under way: long enough for one to end. */
const trialMs = 1_000

/** Why nothing was sent anywhere, and no key is to blame. */
export function unaskedError(route: TargetRoute): AiError {
  if (route.isRecovering()) return new AiError('service_breaker_open', { retryAfterMs: trialMs })
  const isMarked = route.targets.every(({ mark }) => mark.healthy === false)
  return new AiError(isMarked ? 'service_endpoints_down' : 'service_not_configured')
}

/** Why no key can be used; undefined where none was ever given. */
export function keylessFailure(target: Target, nowMs: number): UpstreamFailure | undefined {
  if (target.upstream.keys.size === 0) return undefined
  const retryAfterMs = target.upstream.keys.coolingForMs(nowMs)
  return retryAfterMs === undefined
    ? { phase: 'dial', code: 'key-refused', charged: 'no' }
    : { phase: 'dial', code: 'rate-limited', charged: 'no', retryAfterMs }
}
