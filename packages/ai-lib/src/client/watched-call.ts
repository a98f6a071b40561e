// One call of a client as its metrics hear of it: begun, attempted, begun to answer, over. Made only where somebody listens.
import type { OpenStream } from '../attempts/attempt-call.ts'
import type { AttemptRecord } from '../attempts/attempt-record.ts'
import type { Target } from '../attempts/target.ts'
import type { ChatEvent } from '../chat/events.ts'
import type { Usage } from '../chat/usage.ts'
import { totalOutput } from '../chat/usage.ts'
import { toAiError } from '../errors/ai-error.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import type { GuardedMetrics } from '../metrics/guarded-metrics.ts'
import { clientSeries as series } from '../metrics/series.ts'

/** `truncated`: a stream without its end. `refused`: the request itself was at fault. */
export type CallOutcome = 'completed' | 'truncated' | 'cancelled' | 'refused' | 'failed'

/** How many streams a client has under way. */
export class StreamCount {
  open = 0
}

interface CallStart {
  readonly metrics: GuardedMetrics
  /** Of the provider that is asked first. */
  readonly provider: string
  readonly model: string
  readonly stream: boolean
  readonly streams: StreamCount
  /** Told once, when it is over. */
  readonly onEnd?: ((end: CallEnd) => void) | undefined
}

/** How a call ended, and where it went last. */
export interface CallEnd {
  readonly outcome: CallOutcome
  readonly errorCode: ErrorCode | undefined
  readonly provider: string
  readonly model: string
  /** As far as it was reported. */
  readonly usage: Usage | undefined
  /** Whether the client's cache answered. */
  readonly isCached: boolean
}

export class WatchedCall {
  readonly #metrics: GuardedMetrics
  readonly #stream: boolean
  readonly #streams: StreamCount
  readonly #startedMs = performance.now()
  readonly #stopTimer: () => void
  readonly #onEnd: ((end: CallEnd) => void) | undefined
  #provider: string
  #model: string
  #endpoint: string
  #usage: Usage | undefined
  #hasContent = false
  #isCached = false
  #isOver = false

  constructor({ metrics, provider, model, stream, streams, onEnd }: CallStart) {
    this.#metrics = metrics
    this.#stream = stream
    this.#streams = streams
    this.#onEnd = onEnd
    this.#provider = provider
    this.#endpoint = provider
    this.#model = model
    this.#stopTimer = metrics.startTimer(series.duration.name, { provider, stream: String(stream) })
    if (stream) this.#countStreams(1)
  }

  /** The client's cache was asked. What it had is an answer that no provider was asked for: no attempts, no tokens. */
  lookedUp(isHit: boolean): void {
    this.#metrics.incrCounter(series.cache.name, 1, { result: isHit ? 'hit' : 'miss' })
    this.#isCached = isHit
    if (isHit) this.completed(undefined)
  }

  /** The attempt loop is through: with an answer, or with none to be had. */
  attempted(attempts: readonly AttemptRecord[], target: Target | undefined): void {
    for (const { provider, endpoint, outcome } of attempts)
      this.#metrics.incrCounter(series.attempts.name, 1, { provider, endpoint, outcome })
    if (!target) return
    this.#provider = target.upstream.spec.name
    this.#endpoint = target.endpoint
    this.#model = target.model
  }

  /** Events of a stream as they arrive. Called on the way of each chunk: it makes nothing. */
  saw(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (event.type === 'usage') this.#usage = event.usage
      else if (!this.#hasContent && event.type === 'part-delta') this.#firstContent()
    }
  }

  completed(usage = this.#usage): void {
    this.#usage = usage
    if (!this.#end('completed', undefined)) return
    const tags = { provider: this.#provider, model: this.#model }
    this.#metrics.recordSuccess(tags)
    if (usage) this.#countTokens(usage, tags)
  }

  failed(thrown: unknown): void {
    const { code } = toAiError(thrown)
    if (!this.#end(outcomeOf(code), code)) return
    const tags = { provider: this.#provider, model: this.#model }
    this.#metrics.recordError(code, tags)
    if (this.#usage) this.#countTokens(this.#usage, tags)
  }

  /** Whoever read the stream has stopped; says nothing where it had ended before. */
  left(): void {
    if (!this.#end('cancelled', 'caller_left')) return
    if (this.#usage) this.#countTokens(this.#usage, { provider: this.#provider, model: this.#model })
  }

  #end(outcome: CallOutcome, code: ErrorCode | undefined): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    if (this.#stream) this.#countStreams(-1)
    this.#stopTimer()
    this.#metrics.incrCounter(series.requests.name, 1, {
      provider: this.#provider,
      model: this.#model,
      endpoint: this.#endpoint,
      stream: String(this.#stream),
      outcome,
      code: code ?? 'none',
    })
    this.#onEnd?.({
      outcome,
      errorCode: code,
      provider: this.#provider,
      model: this.#model,
      usage: this.#usage,
      isCached: this.#isCached,
    })
    return true
  }

  #firstContent(): void {
    this.#hasContent = true
    const seconds = (performance.now() - this.#startedMs) / 1_000
    const tags = { provider: this.#provider, model: this.#model }
    this.#metrics.recordHistogram(series.firstToken.name, seconds, tags)
  }

  #countStreams(by: 1 | -1): void {
    this.#streams.open += by
    this.#metrics.recordGauge(series.streams.name, this.#streams.open, {})
  }

  #countTokens(usage: Usage, tags: Readonly<Record<string, string>>): void {
    const kinds = {
      input: usage.inputTokens + usage.audioInputTokens,
      cache_read: usage.cacheReadTokens,
      cache_write: usage.cacheWriteTokens,
      output: totalOutput(usage) - usage.reasoningTokens,
      reasoning: usage.reasoningTokens,
    }
    for (const [kind, count] of Object.entries(kinds))
      if (count > 0) this.#metrics.incrCounter(series.tokens.name, count, { ...tags, kind })
  }
}

/** A stream whose events the call sees before their reader does. */
export function watchedStream(
  stream: OpenStream<readonly ChatEvent[]>,
  call: WatchedCall,
): OpenStream<readonly ChatEvent[]> {
  return {
    lane: stream.lane,
    attach: (consumer) =>
      stream.attach({
        data(events) {
          call.saw(events)
          consumer.data(events)
        },
        ended: () => consumer.ended(),
        failed: (failure) => consumer.failed(failure),
      }),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    destroy: () => stream.destroy(),
  }
}

function outcomeOf(code: ErrorCode): CallOutcome {
  if (code === 'caller_left') return 'cancelled'
  if (code === 'provider_truncated') return 'truncated'
  return code.startsWith('caller_') || code.startsWith('policy_') || code === 'provider_rejected_request'
    ? 'refused'
    : 'failed'
}
