// One attempt: sends the bytes, holds the answer until it has truly begun, and says what came of it.
import { GatheredPieces } from '../bytes/gathered-pieces.ts'
import type { FailureCode, TimerName, UpstreamFailure } from '../chat/failure.ts'
import type { ResponseHeaders } from '../dialects/dialect.ts'
import type { AnswerLane } from '../lanes/answer-lane.ts'
import { LazyTimer } from '../transport/lazy-timer.ts'
import type { Flight, TransportFailure, UpstreamSink } from '../transport/transport.ts'
import { contentType, isEventStream } from './answer-type.ts'
import type { AttemptCall, Attempted, OpenStream, StreamConsumer } from './attempt-call.ts'
import { type AttemptEnd, endOf } from './endpoint-health.ts'
import { retryAfterOf } from './retry-after.ts'

/** Bytes of an error answer that are read; more says nothing more. */
const maxErrorBytes = 64 * 1024
/** Milliseconds after which a client may ask again where connections were short. */
const queueRetryMs = 1_000
/** Share of the operator's own time that an endpoint must have had before running out of it is held against it. */
const fairShare = 0.9
const noHeaders: ResponseHeaders = {}

/** Resolves at the commit, at the end of a whole answer, or with the failure. Never rejects. */
export function attempt<Out>(call: AttemptCall<Out>, signal: AbortSignal): Promise<Attempted<Out>> {
  return new Promise((resolve) => {
    if (!signal.aborted) return new AttemptFlight(call, signal, resolve).start()
    call.health?.ended('void', call.isTrial === true, call.clock.nowMs(), call.judged)
    resolve({ kind: 'left' })
  })
}

/** `ending`: the terminal event was seen, the upstream may still close its response cleanly and keep its socket. */
type Phase = 'sent' | 'error-body' | 'whole-body' | 'holding' | 'streaming' | 'ending' | 'done'

/** Milliseconds an upstream may take to end its response after the terminal event. */
const endingMs = 1_000

class AttemptFlight<Out> implements UpstreamSink, OpenStream<Out> {
  readonly lane: AnswerLane<Out>
  readonly #call: AttemptCall<Out>
  readonly #signal: AbortSignal
  readonly #resolve: (attempted: Attempted<Out>) => void
  readonly #onAbort = (): void => this.#leave()
  // After a blocked loop timers come before sockets: an answer that lies there is no time-out.
  readonly #onTimer = (): void => {
    this.#due = setImmediate(this.#onDue)
  }
  readonly #onDue = (): void => this.#timedOut()
  #phase: Phase = 'sent'
  #flight: Flight | undefined
  #status = 0
  #headers: ResponseHeaders = noHeaders
  readonly #gathered = new GatheredPieces()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #due: NodeJS.Immediate | undefined
  #timerName: TimerName
  #holdTimer: NodeJS.Timeout | undefined
  #idle: LazyTimer | undefined
  #consumer: StreamConsumer<Out> | undefined
  #progress = 0
  #isHolding = false
  /** A failure between the commit and `attach`. */
  #lateFailure: UpstreamFailure | undefined

  constructor(call: AttemptCall<Out>, signal: AbortSignal, resolve: (attempted: Attempted<Out>) => void) {
    this.#call = call
    this.lane = call.lane
    this.#signal = signal
    this.#resolve = resolve
    const { firstTokenMs, streamTotalMs } = call.timeouts
    // Without a total of its own a stream's deadline is that of its first token.
    const isFirstToken = call.request.stream && (streamTotalMs === undefined || firstTokenMs < call.msLeft)
    this.#timerName = isFirstToken ? 'first-token' : 'total'
  }

  start(): void {
    const { request, timeouts, msLeft, channel } = this.#call
    const own = request.stream ? timeouts.firstTokenMs : timeouts.totalMs
    this.#signal.addEventListener('abort', this.#onAbort)
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.min(own, msLeft)))
    this.#call.hold?.take()
    this.#isHolding = true
    const flight = channel.send(request, this)
    // A channel may fail at once (queue full): then there is nothing left to hold.
    if (this.#phase === 'done') flight.destroy()
    else this.#flight = flight
  }

  head(status: number, headers: ResponseHeaders): void {
    this.#status = status
    this.#headers = headers
    if (status >= 300 && status < 400) return this.#fail('redirected')
    if (status >= 400) this.#phase = 'error-body'
    else if (!this.#call.request.stream) this.#wholeHead()
    else if (isEventStream(headers)) this.#hold()
    // A 200 with JSON where a stream was asked for is an error in disguise or nonsense; its words tell which.
    else this.#phase = 'error-body'
  }

  data(chunk: Buffer): void {
    switch (this.#phase) {
      case 'whole-body':
        this.#gathered.add(chunk)
        return
      case 'error-body':
        if (this.#bytes < maxErrorBytes) this.#gathered.add(chunk)
        this.#bytes += chunk.length
        return
      case 'holding':
        this.#bytes += chunk.length
        this.lane.push(chunk)
        return this.#afterHeldPush()
      case 'streaming':
        this.lane.push(chunk)
        return this.#deliver()
      case 'ending':
        // Nothing belongs behind the terminal event: a socket that carries more is not to be trusted with another request.
        return this.#drop()
      case 'sent':
      case 'done':
        return
    }
  }

  end(): void {
    switch (this.#phase) {
      case 'whole-body':
        return this.#wholeEnd()
      case 'error-body':
        return this.#errorEnd()
      case 'holding':
        this.lane.end()
        return this.#afterHeldPush()
      case 'streaming':
        this.lane.end()
        return this.#deliver()
      case 'ending':
        return this.#finish()
      case 'sent':
      case 'done':
        return
    }
  }

  fail(failure: TransportFailure): void {
    const isAnswering = failure.afterHead
    switch (failure.kind) {
      case 'timeout':
        this.#timerName = failure.timer ?? 'connect'
        return this.#fail('timeout', failure)
      case 'queue-full':
        return this.#fail('queue-full', failure)
      case 'too-large':
        return this.#fail('too-large')
      case 'encoding':
      case 'protocol':
        return this.#fail(isAnswering && failure.kind === 'protocol' ? 'truncated' : 'invalid-response')
      case 'refused':
      case 'dns':
      case 'tls':
      case 'reset':
      case 'proxy':
      case 'address-denied':
        return this.#fail(isAnswering ? 'truncated' : 'unreachable', failure)
    }
  }

  attach(consumer: StreamConsumer<Out>): void {
    this.#consumer = consumer
    if (this.#lateFailure === undefined) return this.#deliver()
    const out = this.lane.take()
    if (out !== undefined) consumer.data(out)
    consumer.failed(this.#lateFailure)
  }

  // Silence that our own reader asked for is not the provider's.
  pause(): void {
    this.#idle?.clear()
    this.#flight?.pause()
  }

  resume(): void {
    if (this.#phase === 'streaming') this.#idle?.arm(this.#call.timeouts.idleMs)
    this.#flight?.resume()
  }

  destroy(): void {
    // A whole answer's owner lets go of it before the upstream has closed its response: the timer sees to the rest.
    if (this.#phase !== 'ending') this.#drop()
  }

  #drop(): void {
    this.#over('void')
    this.#flight?.destroy()
  }

  #wholeHead(): void {
    const type = contentType(this.#headers)
    // Empty and foreign answers are refused with their body unread.
    if (this.#status === 204 || !(type.includes('json') || type === '')) return this.#fail('invalid-response')
    this.#phase = 'whole-body'
  }

  #wholeEnd(): void {
    const { pieces } = this.#gathered
    const only = pieces.length === 1 ? pieces[0] : undefined
    const out = this.lane.whole(only ?? Buffer.concat(pieces))
    if (out === undefined) return this.#failWith(this.lane.failure ?? this.#failure('invalid-response'))
    this.#began()
    this.#over('answered')
    this.#resolve({ kind: 'whole', out, headers: this.#headers, isSent: this.#isSent })
  }

  #errorEnd(): void {
    const body = Buffer.concat(this.#gathered.pieces).subarray(0, maxErrorBytes)
    const read = this.#call.wire.readFailure(this.#status, body)
    const failure = this.#status < 400 ? disguised(read) : read
    const retryAfterMs = retryAfterOf(this.#headers, this.#call.clock.dateMs()) ?? failure.retryAfterMs
    this.#failWith({ ...failure, status: this.#status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
  }

  #hold(): void {
    this.#phase = 'holding'
    this.#holdTimer = setTimeout(() => this.#commit(), this.#call.commit.holdMs)
  }

  #afterHeldPush(): void {
    const { state, failure } = this.lane
    if (state === 'failed') this.#failWith(failure ?? this.#failure('invalid-response'))
    else if (state !== 'quiet' || this.#bytes > this.#call.commit.bytes) this.#commit()
  }

  // From here on bytes may reach the client, and no other target can take over.
  #commit(): void {
    clearTimeout(this.#holdTimer)
    const hasBegun = this.lane.state !== 'quiet'
    this.#phase = 'streaming'
    this.#progress = this.lane.progress
    if (hasBegun) this.#began()
    if (hasBegun) this.#armIdle()
    this.#resolve({ kind: 'stream', stream: this, headers: this.#headers, isSent: this.#isSent })
  }

  get #isSent(): boolean {
    return this.#flight?.isSent ?? false
  }

  #armIdle(): void {
    this.#disarm()
    const { streamDeadlineMs, clock } = this.#call
    this.#timerName = 'total'
    if (streamDeadlineMs !== undefined)
      this.#timer = setTimeout(this.#onTimer, Math.max(1, streamDeadlineMs - clock.nowMs()))
    this.#idle = new LazyTimer(() => {
      this.#timerName = 'idle'
      this.#fail('timeout')
    })
    this.#idle.arm(this.#call.timeouts.idleMs)
  }

  #deliver(): void {
    const consumer = this.#consumer
    // Until somebody is attached the lane keeps what came.
    if (!consumer || this.#phase !== 'streaming') return
    if (this.lane.progress !== this.#progress) {
      this.#progress = this.lane.progress
      if (this.#idle) this.#idle.touch(this.#call.clock.nowMs())
      else this.#beginLate()
    }
    const out = this.lane.take()
    if (out !== undefined) consumer.data(out)
    if (this.lane.state === 'failed') this.#failWith(this.lane.failure ?? this.#failure('invalid-response'))
    else if (this.lane.state === 'ended') {
      this.#terminal()
      consumer.ended()
    }
  }

  // The head went out before the content, because the time of the commit gate was up.
  #beginLate(): void {
    this.#began()
    this.#armIdle()
  }

  #terminal(): void {
    this.#over('answered')
    this.#phase = 'ending'
    this.#timer = setTimeout(() => this.#drop(), endingMs)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    if (this.#due !== undefined) clearImmediate(this.#due)
    this.#due = undefined
  }

  #timedOut(): void {
    this.#fail('timeout')
  }

  #leave(): void {
    const consumer = this.#consumer
    this.#over('void')
    this.#flight?.destroy()
    if (!consumer) this.#resolve({ kind: 'left' })
  }

  #failure(code: FailureCode, from?: TransportFailure): UpstreamFailure {
    const phase =
      this.#phase === 'sent'
        ? code === 'unreachable'
          ? 'dial'
          : 'head'
        : this.#phase === 'streaming'
          ? 'mid-stream'
          : 'first-event'
    return {
      phase,
      code,
      charged: phase === 'dial' || code === 'queue-full' ? 'no' : 'unknown',
      ...(code === 'timeout' ? { timer: this.#timerName } : {}),
      ...(this.#status === 0 ? {} : { status: this.#status }),
      ...(code === 'queue-full' ? { retryAfterMs: queueRetryMs } : {}),
      ...(from?.reason === undefined ? {} : { reason: from.reason }),
      ...(from?.cause instanceof Error ? { message: from.cause.message } : {}),
    }
  }

  #fail(code: FailureCode, from?: TransportFailure): void {
    if (this.#phase !== 'done' && this.#phase !== 'ending') this.#failWith(this.#failure(code, from))
  }

  #failWith(failure: UpstreamFailure): void {
    const consumer = this.#consumer
    const wasStreaming = this.#phase === 'streaming'
    this.#over(this.#isOurLimit(failure) ? 'void' : endOf(failure.code))
    this.#flight?.destroy()
    if (consumer) consumer.failed(failure)
    else if (wasStreaming) this.#lateFailure = failure
    else this.#resolve({ kind: 'failed', failure })
  }

  // A deadline well below the operator's own, or our own cut of a stream that flows, says nothing about the endpoint: a
  // caller must not trip its breaker.
  #isOurLimit({ code, timer, phase }: UpstreamFailure): boolean {
    if (code !== 'timeout' || (timer !== 'first-token' && timer !== 'total')) return false
    const { request, timeouts, msLeft } = this.#call
    const ownMs = request.stream ? timeouts.firstTokenMs : timeouts.totalMs
    return phase === 'mid-stream' || msLeft < fairShare * ownMs
  }

  #began(): void {
    const { health, isTrial = false, sentMs = 0, clock } = this.#call
    if (!health) return
    const nowMs = clock.nowMs()
    health.committed(isTrial, nowMs - sentMs, nowMs)
  }

  #over(end: AttemptEnd): void {
    const { health, isTrial = false, clock, judged } = this.#call
    if (health && this.#phase !== 'done' && this.#phase !== 'ending') health.ended(end, isTrial, clock.nowMs(), judged)
    this.#finish()
  }

  #finish(): void {
    this.#phase = 'done'
    if (this.#isHolding) {
      this.#isHolding = false
      this.#call.hold?.release()
    }
    this.#disarm()
    clearTimeout(this.#holdTimer)
    this.#idle?.clear()
    this.#signal.removeEventListener('abort', this.#onAbort)
  }
}

// A 2xx that is no answer: whatever its words were taken for, the request was not refused.
function disguised(failure: UpstreamFailure): UpstreamFailure {
  return failure.code === 'rejected' ? { ...failure, code: 'invalid-response' } : failure
}
