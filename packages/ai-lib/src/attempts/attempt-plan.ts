// What the attempt loop is asked to do, and what came of it.
import type { ResponseHeaders } from '../dialects/dialect.ts'
import type { AiError } from '../errors/ai-error.ts'
import type { AnswerLane } from '../lanes/answer-lane.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import type { CommitBounds, OpenStream } from './attempt-call.ts'
import type { AttemptRecord } from './attempt-record.ts'
import type { Target } from './target.ts'
import type { TargetRoute } from './target-route.ts'

/** What the loop needs to know of an exchange. */
export interface AttemptPlan<Out> {
  readonly route: TargetRoute
  /** The bytes for a target. @throws AiError, which ends the exchange. */
  prepare(target: Target): PreparedRequest | Promise<PreparedRequest>
  /** A fresh lane for the answer of one attempt. */
  openLane(target: Target, prepared: PreparedRequest): AnswerLane<Out>
  readonly stream: boolean
  /** Headers of the client that are passed on, lower-case. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers of one attempt alone, counted from 0. */
  readonly attemptHeaders?: (target: Target, index: number) => Readonly<Record<string, string>> | undefined
  /** Whose request it is, where several share connections: they are served in turn where these are short. */
  readonly caller?: string
  /** Milliseconds for the whole answer, or for the first token of a stream, where the caller or the config bounds it. */
  readonly timeoutMs?: number
  /** Further attempts of any kind after the first. Default 2. */
  readonly maxRetries: number
  readonly commit: CommitBounds
  /** Takes secrets and upstream addresses out of a provider's words. */
  readonly scrub: (text: string) => string
}

export interface Answered {
  readonly target: Target
  readonly prepared: PreparedRequest
  readonly headers: ResponseHeaders
  readonly attempts: readonly AttemptRecord[]
  /** Whether nobody reads the request's bytes any more: the one attempt that there was has sent them all. */
  readonly isBodyFree: boolean
}

export type LoopOutcome<Out> =
  | (Answered & { readonly kind: 'whole'; readonly out: Out; readonly lane: AnswerLane<Out> })
  | (Answered & { readonly kind: 'stream'; readonly stream: OpenStream<Out> })
  | {
      readonly kind: 'failed'
      readonly error: AiError
      readonly attempts: readonly AttemptRecord[]
      readonly target: Target | undefined
    }
  | { readonly kind: 'left'; readonly attempts: readonly AttemptRecord[]; readonly target: Target | undefined }
