// The record of one attempt, as log, audit, metrics and traces see it.
import type { UpstreamFailure } from '../chat/failure.ts'
import type { Attempted } from './attempt-call.ts'
import type { PoolKey } from './key-pool.ts'
import type { Target } from './target.ts'

/** What one attempt was, and how it ended. */
export interface AttemptRecord {
  readonly endpoint: string
  readonly provider: string
  readonly model: string
  readonly keyFingerprint?: string
  readonly outcome: 'answered' | 'left' | UpstreamFailure['code']
  readonly phase?: UpstreamFailure['phase']
  readonly status?: number
  /** Monotonic milliseconds at which it was sent. */
  readonly startedMs: number
  /** Until its first content, its whole answer, or its failure. */
  readonly durationMs: number
}

export function recordOf<Out>(
  target: Target,
  key: PoolKey,
  attempted: Attempted<Out>,
  { startedMs, durationMs }: Pick<AttemptRecord, 'startedMs' | 'durationMs'>,
): AttemptRecord {
  const failure = attempted.kind === 'failed' ? attempted.failure : undefined
  return {
    endpoint: target.endpoint,
    provider: target.upstream.spec.name,
    model: target.model,
    ...(key.secret ? { keyFingerprint: key.secret.fingerprint } : {}),
    outcome: failure ? failure.code : attempted.kind === 'left' ? 'left' : 'answered',
    ...(failure ? { phase: failure.phase } : {}),
    ...(failure?.status === undefined ? {} : { status: failure.status }),
    startedMs,
    durationMs,
  }
}
