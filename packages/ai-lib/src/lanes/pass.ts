// Same dialect on both sides: whole events are forwarded as they came, a tap watches them.
import { SseDecoder, type SseEvent } from '../bytes/sse-decoder.ts'
import type { AnswerFacts } from '../chat/answer-facts.ts'
import type { UpstreamFailure } from '../chat/failure.ts'
import type { Usage } from '../chat/usage.ts'
import type { Tap, Wire } from '../dialects/dialect.ts'
import { type AnswerLane, codecFailure, type LaneState, truncatedStream } from './answer-lane.ts'

/** @param dropsUsage leaves out the usage-only frame that we asked for and the client did not. */
export function createPassLane(wire: Wire, dropsUsage: boolean): AnswerLane<Buffer> {
  return new PassLane(wire, dropsUsage)
}

const noLosses = [] as const

class PassLane implements AnswerLane<Buffer> {
  readonly losses = noLosses
  progress = 0
  readonly #wire: Wire
  readonly #dropsUsage: boolean
  readonly #decoder = new SseDecoder()
  readonly #onEvent = (event: SseEvent): void => this.#event(event)
  #tap: Tap | undefined
  #state: LaneState = 'quiet'
  #failure: UpstreamFailure | undefined
  #wholeUsage: Usage | undefined
  #wholeFacts: AnswerFacts | undefined
  #pieces: Buffer[] = []
  // The run of adjacent events that is not yet a piece: one write for all events of a chunk.
  #run: Buffer | undefined
  #runStart = 0
  #runEnd = 0

  constructor(wire: Wire, dropsUsage: boolean) {
    this.#wire = wire
    this.#dropsUsage = dropsUsage
  }

  get state(): LaneState {
    return this.#state
  }

  get failure(): UpstreamFailure | undefined {
    return this.#failure
  }

  get usage(): Usage | undefined {
    return this.#tap?.usage ?? this.#wholeUsage
  }

  get facts(): AnswerFacts | undefined {
    return this.#tap?.facts ?? this.#wholeFacts
  }

  push(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk, this.#onEvent)
    } catch (thrown) {
      this.#fail(codecFailure(thrown))
    }
  }

  end(): void {
    if (this.#state === 'quiet' || this.#state === 'content') this.#fail(truncatedStream)
  }

  whole(body: Buffer): Buffer | undefined {
    try {
      const { usage, facts, failure } = this.#wire.readWhole(body)
      this.#wholeUsage = usage
      this.#wholeFacts = facts
      if (failure) this.#fail(failure)
      else this.#state = 'ended'
    } catch (thrown) {
      this.#fail(codecFailure(thrown))
    }
    return this.#state === 'ended' ? body : undefined
  }

  take(): Buffer | undefined {
    this.#closeRun()
    const pieces = this.#pieces
    if (pieces.length === 0) return undefined
    this.#pieces = []
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }

  #event(event: SseEvent): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    this.#tap ??= this.#wire.createTap()
    const kind = event.hasData ? this.#tap.inspect(event) : 'quiet'
    if (kind === 'failure') {
      this.#fail(this.#tap.failure ?? codecFailure(undefined))
      return
    }
    if (kind !== 'quiet') this.progress++
    if (kind !== 'usage-only' || !this.#dropsUsage) this.#forward(event)
    if (kind === 'terminal') this.#state = 'ended'
    else if (kind === 'content') this.#state = 'content'
  }

  #forward(event: SseEvent): void {
    if (this.#run === event.bytes && this.#runEnd === event.rawStart) {
      this.#runEnd = event.rawEnd
      return
    }
    this.#closeRun()
    this.#run = event.bytes
    this.#runStart = event.rawStart
    this.#runEnd = event.rawEnd
  }

  #closeRun(): void {
    if (this.#run) this.#pieces.push(this.#run.subarray(this.#runStart, this.#runEnd))
    this.#run = undefined
  }

  #fail(failure: UpstreamFailure): void {
    // What comes behind an end, or behind a first failure, changes nothing any more.
    if (this.#state === 'ended' || this.#state === 'failed') return
    const phase = this.#state === 'quiet' ? 'first-event' : 'mid-stream'
    this.#failure = { ...failure, phase }
    this.#state = 'failed'
  }
}
