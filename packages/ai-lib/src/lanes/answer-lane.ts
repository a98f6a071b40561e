// The way back: upstream bytes in, the client's form out, with the truth about how far the answer has come.
import type { AnswerFacts } from '../chat/answer-facts.ts'
import type { UpstreamFailure } from '../chat/failure.ts'
import type { Loss } from '../chat/losses.ts'
import type { Usage } from '../chat/usage.ts'

export type LaneState =
  /** Nothing that a client would see as an answer yet. */
  | 'quiet'
  | 'content'
  /** The terminal event was seen; bytes after it are dropped. */
  | 'ended'
  | 'failed'

/** One answer on its way. `Out` is what the client gets: bytes in the service, events in the library. */
export interface AnswerLane<Out> {
  /** Feeds a chunk of a stream. @throws nothing: faults end in `failed`. */
  push(chunk: Buffer): void
  /** The upstream ended its stream. Without a terminal event that is a failure. */
  end(): void
  /** Feeds a whole answer; gives undefined where it is none, with `failure` set. */
  whole(body: Buffer): Out | undefined
  /** What came since the last call. */
  take(): Out | undefined
  readonly state: LaneState
  /** Grows with every event that carries something; pings and comments leave it, and so the idle timer, alone. */
  readonly progress: number
  readonly failure: UpstreamFailure | undefined
  readonly usage: Usage | undefined
  readonly facts?: AnswerFacts | undefined
  readonly losses: readonly Loss[]
}

export const truncatedStream: UpstreamFailure = { phase: 'mid-stream', code: 'truncated', charged: 'unknown' }

/** A thrown fault of a codec, as the failure it means. */
export function codecFailure(thrown: unknown): UpstreamFailure {
  const isTooLarge = thrown instanceof Error && 'code' in thrown && thrown.code === 'provider_response_too_large'
  return {
    phase: 'mid-stream',
    code: isTooLarge ? 'too-large' : 'invalid-response',
    charged: 'unknown',
    message: thrown instanceof Error ? thrown.message : 'unreadable',
  }
}
