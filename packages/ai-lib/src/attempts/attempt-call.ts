// What one attempt is given, and what comes of it.
import type { UpstreamFailure } from '../chat/failure.ts'
import type { ResponseHeaders, Wire } from '../dialects/dialect.ts'
import type { AnswerLane } from '../lanes/answer-lane.ts'
import type { Channel, UpstreamRequest } from '../transport/transport.ts'
import type { Clock } from './clock.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import type { PoolKey } from './key-pool.ts'
import type { KeyHold } from './key-slot.ts'
import type { Timeouts } from './target.ts'

/** How long, and for how many bytes, a stream's head is held back while its answer has not begun. */
export interface CommitBounds {
  readonly holdMs: number
  readonly bytes: number
}

export interface AttemptCall<Out> {
  readonly channel: Channel
  readonly request: UpstreamRequest
  readonly lane: AnswerLane<Out>
  /** Reads error answers of the upstream's dialect. */
  readonly wire: Wire
  readonly timeouts: Timeouts
  /** Milliseconds left of the exchange's deadline. */
  readonly msLeft: number
  /** Monotonic milliseconds at which a stream must be over, where it has a total at all. */
  readonly streamDeadlineMs?: number
  readonly commit: CommitBounds
  readonly clock: Clock
  /** Held from the first byte sent to the last one received. */
  readonly hold?: KeyHold | undefined
  /** Is told once how the attempt ended, and of a stream when it began to answer; absent for calls that prove nothing. */
  readonly health?: EndpointHealth
  readonly isTrial?: boolean
  /** Monotonic milliseconds. */
  readonly sentMs?: number
  /** The key, where its pool has others to compare it with. */
  readonly judged?: PoolKey | undefined
}

/** Takes over a stream after its commit. Called in order; `ended` or `failed` is last. */
export interface StreamConsumer<Out> {
  data(out: Out): void
  ended(): void
  failed(failure: UpstreamFailure): void
}

/** A stream that has been committed. Its owner attaches a consumer once, and destroys it whatever happens. */
export interface OpenStream<Out> {
  readonly lane: AnswerLane<Out>
  attach(consumer: StreamConsumer<Out>): void
  pause(): void
  resume(): void
  destroy(): void
}

/** `isSent`: nobody reads the request's bytes any more. */
export type Attempted<Out> =
  | { readonly kind: 'whole'; readonly out: Out; readonly headers: ResponseHeaders; readonly isSent: boolean }
  | {
      readonly kind: 'stream'
      readonly stream: OpenStream<Out>
      readonly headers: ResponseHeaders
      readonly isSent: boolean
    }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  /** The client left; nobody wants the answer. */
  | { readonly kind: 'left' }
