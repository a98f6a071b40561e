// The one owner of retries, key changes and failover: it waits and acts, `decide-next` decides.
import type { UpstreamFailure } from '../chat/failure.ts'
import { AiError } from '../errors/ai-error.ts'
import type { AnswerLane } from '../lanes/answer-lane.ts'
import { upstreamPath } from '../lanes/choose-lane.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import type { ResponseHeaders, Wire } from '../dialects/dialect.ts'
import type { UpstreamRequest } from '../transport/transport.ts'
import { attempt, type Attempted, type CommitBounds, type OpenStream } from './attempt.ts'
import type { Clock, Random } from './clock.ts'
import { backoffBounds } from './backoff.ts'
import { type Allowance, decideNext } from './decide-next.ts'
import { errorOfFailure, tellingFailure } from './failure-error.ts'
import { maxKeysPerExchange, type PoolKey } from './key-pool.ts'
import type { Target, Upstream } from './target.ts'

/** One attempt as log, audit and metrics see it. */
export interface AttemptRecord {
  readonly endpoint: string
  readonly provider: string
  readonly model: string
  readonly keyFingerprint?: string
  readonly outcome: 'answered' | 'left' | UpstreamFailure['code']
  readonly phase?: UpstreamFailure['phase']
  readonly status?: number
  readonly durationMs: number
}

/** What the loop needs to know of an exchange. */
export interface AttemptPlan<Out> {
  /** In order of preference. */
  readonly targets: readonly Target[]
  /** The bytes for a target. @throws AiError, which ends the exchange. */
  prepare(target: Target): PreparedRequest | Promise<PreparedRequest>
  /** A fresh lane for the answer of one attempt. */
  openLane(target: Target, prepared: PreparedRequest): AnswerLane<Out>
  readonly stream: boolean
  /** Headers of the client that are passed on, lower-case. */
  readonly headers: Readonly<Record<string, string>>
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

export interface LoopParts {
  readonly clock: Clock
  readonly random: Random
}

/** Runs attempts until one answers or none is left to make. @throws only what `prepare` throws for the first target. */
export function runAttempts<Out>(
  plan: AttemptPlan<Out>,
  parts: LoopParts,
  signal: AbortSignal,
): Promise<LoopOutcome<Out>> {
  return new AttemptLoop(plan, parts, signal).run()
}

interface AttemptFailed {
  readonly kind: 'attempt-failed'
  readonly failure: UpstreamFailure
}

/** A later target that the request cannot be written for. */
interface Unfit {
  readonly kind: 'unfit'
}

const noKey: PoolKey = { name: 'none' }

/** How long a request waits for a key that is being read anew. */
const refreshWaitMs = 2_000

class AttemptLoop<Out> {
  readonly #plan: AttemptPlan<Out>
  readonly #clock: Clock
  readonly #random: Random
  readonly #signal: AbortSignal
  readonly #startMs: number
  readonly #records: AttemptRecord[] = []
  readonly #failures: UpstreamFailure[] = []
  readonly #tried = new Set<PoolKey>()
  /** Keys that have failed at the present target, whatever the reason: not asked again while another is usable. */
  readonly #failedHere = new Set<PoolKey>()
  #targetIndex = 0
  /** The target whose keys were waited for. */
  #waitedAt = -1
  #spent = 0
  #repeats = 0
  #keysLeft = maxKeysPerExchange

  constructor(plan: AttemptPlan<Out>, { clock, random }: LoopParts, signal: AbortSignal) {
    this.#plan = plan
    this.#clock = clock
    this.#random = random
    this.#signal = signal
    this.#startMs = clock.nowMs()
  }

  async run(): Promise<LoopOutcome<Out>> {
    for (;;) {
      const target = this.#plan.targets[this.#targetIndex]
      if (target === undefined) return this.#failed(undefined)
      const key = this.#pickKey(target) ?? (await this.#keyOnceRead(target))
      if (key === undefined) {
        if (this.#signal.aborted) return { kind: 'left', attempts: this.#records, target }
        const failure = keylessFailure(target, this.#clock.nowMs())
        if (failure) this.#failures.push(failure)
        if (!this.#hasTarget) return this.#failed(target)
        this.#nextTarget()
        continue
      }
      const outcome = await this.#try(target, key)
      if (outcome.kind === 'unfit') {
        if (!this.#hasTarget) return this.#failed(target)
        this.#nextTarget()
      } else if (outcome.kind !== 'attempt-failed') return outcome
      else if (!(await this.#goOn(target, key, outcome.failure))) return this.#failed(target)
    }
  }

  async #try(target: Target, key: PoolKey): Promise<LoopOutcome<Out> | AttemptFailed | Unfit> {
    const plan = this.#plan
    let prepared: PreparedRequest
    try {
      // Nearly always at hand; only large translations are waited for.
      const preparing = plan.prepare(target)
      prepared = preparing instanceof Promise ? await preparing : preparing
    } catch (thrown) {
      // Another target could have served it: what failed there is the news, and its record must not be lost.
      if (this.#records.length === 0 || !(thrown instanceof AiError)) throw thrown
      return { kind: 'unfit' }
    }
    if (this.#records.length === 0) target.upstream.retryBudget.deposit()
    const startedMs = this.#clock.nowMs()
    const lane = plan.openLane(target, prepared)
    const attempted = await attempt<Out>(
      {
        channel: target.upstream.channel,
        request: this.#request(target, key, prepared),
        lane,
        wire: upstreamWire(target),
        timeouts: target.upstream.timeouts,
        msLeft: this.#msLeft(target),
        ...this.#streamDeadline(target),
        commit: plan.commit,
        clock: this.#clock,
        hold: target.upstream.keys.holdOf(key),
      },
      this.#signal,
    )
    this.#records.push(recordOf(target, key, attempted, this.#clock.nowMs() - startedMs))
    const attempts = this.#records
    if (attempted.kind === 'whole' || attempted.kind === 'stream') target.upstream.keys.proved(key)
    switch (attempted.kind) {
      case 'whole':
        return { kind: 'whole', target, prepared, headers: attempted.headers, attempts, out: attempted.out, lane }
      case 'stream':
        return { kind: 'stream', target, prepared, headers: attempted.headers, attempts, stream: attempted.stream }
      case 'left':
        return { kind: 'left', attempts, target }
      case 'failed':
        return { kind: 'attempt-failed', failure: attempted.failure }
    }
  }

  /** Applies what a failure means for the key, asks what to do, and does it. False gives up. */
  async #goOn(target: Target, key: PoolKey, reported: UpstreamFailure): Promise<boolean> {
    // A limit without a stated wait gets ours, so that the client is told how long the key really rests.
    const isUntimed = reported.code === 'rate-limited' && reported.retryAfterMs === undefined
    const failure = isUntimed ? { ...reported, retryAfterMs: backoffBounds.throttledMs } : reported
    this.#failures.push(failure)
    this.#failedHere.add(key)
    this.#judgeKey(target, key, failure)
    // The provider may have been told of a new key before we were: its source is being read at this moment.
    if (isAboutKey(failure) && !this.#pickKeyQuietly(target)) await this.#untilRead(target)
    const verdict = decideNext(failure, this.#allowance(target))
    switch (verdict.do) {
      case 'give-up':
        return false
      case 'next-key':
        this.#keysLeft--
        return true
      case 'next-target':
        this.#spent++
        this.#nextTarget()
        return true
      case 'retry-same':
        this.#spent++
        this.#repeats++
        await this.#clock.sleep(verdict.afterMs, this.#signal)
        return true
    }
  }

  #judgeKey(target: Target, key: PoolKey, failure: UpstreamFailure): void {
    const { keys } = target.upstream
    if (failure.code === 'key-refused') keys.retire(key, 'quarantined')
    else if (failure.code === 'quota-exhausted') keys.retire(key, 'exhausted')
    else if (failure.code === 'rate-limited') {
      const waitMs = failure.retryAfterMs ?? backoffBounds.throttledMs
      keys.cool(key, this.#clock.nowMs() + waitMs)
    } else return
    this.#tried.add(key)
  }

  #allowance(target: Target): Allowance {
    return {
      hasKey: this.#keysLeft > 1 && this.#pickKeyQuietly(target),
      hasTarget: this.#hasTarget,
      attemptsLeft: this.#plan.maxRetries - this.#spent,
      mayRepeat: () => target.upstream.retryBudget.draw(),
      msLeft: this.#msLeft(target),
      repeats: this.#repeats,
      draw: this.#random(),
    }
  }

  get #hasTarget(): boolean {
    return this.#targetIndex + 1 < this.#plan.targets.length
  }

  #pickKey(target: Target): PoolKey | undefined {
    const { keys, spec } = target.upstream
    if (keys.size === 0) return spec.isKeyRequired ? undefined : noKey
    const nowMs = this.#clock.nowMs()
    if (this.#failedHere.size > 0) {
      const avoided = new Set([...this.#tried, ...this.#failedHere])
      if (keys.hasUsable(nowMs, avoided)) return keys.pick(nowMs, avoided)
    }
    return keys.pick(nowMs, this.#tried)
  }

  async #keyOnceRead(target: Target): Promise<PoolKey | undefined> {
    await this.#untilRead(target)
    return this.#pickKey(target)
  }

  /** Waits a short while for keys that are being read, once per target. */
  async #untilRead(target: Target): Promise<void> {
    const reading = target.upstream.keys.refreshing()
    if (reading === undefined || this.#waitedAt === this.#targetIndex) return
    this.#waitedAt = this.#targetIndex
    const over = new AbortController()
    const longestMs = Math.max(0, Math.min(refreshWaitMs, this.#msLeft(target)))
    await Promise.race([reading, this.#clock.sleep(longestMs, AbortSignal.any([this.#signal, over.signal]))])
    over.abort()
  }

  #nextTarget(): void {
    this.#targetIndex++
    this.#failedHere.clear()
  }

  #pickKeyQuietly(target: Target): boolean {
    return target.upstream.keys.hasUsable(this.#clock.nowMs(), this.#tried)
  }

  // The caller's own bound is about the first token: it must not cut a stream that is under way.
  #streamDeadline({ upstream }: Target): { readonly streamDeadlineMs?: number } {
    const { streamTotalMs } = upstream.timeouts
    return streamTotalMs === undefined ? {} : { streamDeadlineMs: this.#startMs + streamTotalMs }
  }

  // A stream's time is bounded only until its first token, unless the operator set a total for streams in so many words.
  #msLeft(target: Target): number {
    const { timeouts } = target.upstream
    const own = this.#plan.stream ? (timeouts.streamTotalMs ?? timeouts.firstTokenMs) : timeouts.totalMs
    const bound = this.#plan.timeoutMs === undefined ? own : Math.min(own, this.#plan.timeoutMs)
    return bound - (this.#clock.nowMs() - this.#startMs)
  }

  #request(target: Target, key: PoolKey, prepared: PreparedRequest): UpstreamRequest {
    const { upstream, lane } = target
    const operation = lane.kind === 'same' ? lane.operation : lane.to.operation
    return {
      method: 'POST',
      path: upstreamPath(upstream.basePath, lane.speaks, operation),
      headers: this.#headers(upstream, key),
      body: prepared.body,
      stream: this.#plan.stream,
      headTimeoutMs: upstream.timeouts.headMs,
      caller: this.#plan.caller,
    }
  }

  // Assigned one by one: five spreads into one object cost more than everything else of a request's making.
  #headers({ spec, headers: configured }: Upstream, key: PoolKey): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: this.#plan.stream ? 'text/event-stream' : 'application/json',
      'accept-encoding': 'identity',
    }
    for (const given of [spec.headers, this.#plan.headers, configured]) {
      for (const name in given) headers[name] = given[name] ?? ''
    }
    if (key.secret) headers[spec.auth.header] = `${spec.auth.prefix}${key.secret.reveal()}`
    return headers
  }

  #failed(target: Target | undefined): LoopOutcome<Out> {
    const told = tellingFailure(this.#failures)
    const telling = told?.code === 'rate-limited' ? this.#untilUsable(told) : told
    if (telling === undefined)
      return { kind: 'failed', error: new AiError('service_not_configured'), attempts: this.#records, target }
    // Attempts are spent only where the request could have been repeated: a rejected one is the caller's to mend.
    const exhausted = telling.code !== 'rejected'
    return {
      kind: 'failed',
      error: errorOfFailure(telling, this.#plan.scrub, exhausted),
      attempts: this.#records,
      target,
    }
  }

  // Keys that cooled before this exchange, or for as long as we choose, may be back sooner than the last refusal says.
  #untilUsable(failure: UpstreamFailure): UpstreamFailure {
    const nowMs = this.#clock.nowMs()
    const waits = this.#plan.targets.flatMap(({ upstream }) => upstream.keys.coolingForMs(nowMs) ?? [])
    return waits.length === 0 ? failure : { ...failure, retryAfterMs: Math.min(...waits) }
  }
}

function isAboutKey({ code }: UpstreamFailure): boolean {
  return code === 'key-refused' || code === 'quota-exhausted'
}

function upstreamWire(target: Target): Wire {
  return target.lane.kind === 'same' ? target.lane.operation.wire : target.lane.to.operation.wire
}

/** Why no key can be used; undefined where none was ever given. */
function keylessFailure(target: Target, nowMs: number): UpstreamFailure | undefined {
  if (target.upstream.keys.size === 0) return undefined
  const retryAfterMs = target.upstream.keys.coolingForMs(nowMs)
  return retryAfterMs === undefined
    ? { phase: 'dial', code: 'key-refused', charged: 'no' }
    : { phase: 'dial', code: 'rate-limited', charged: 'no', retryAfterMs }
}

function recordOf<Out>(target: Target, key: PoolKey, attempted: Attempted<Out>, durationMs: number): AttemptRecord {
  const failure = attempted.kind === 'failed' ? attempted.failure : undefined
  return {
    endpoint: target.endpoint,
    provider: target.upstream.spec.name,
    model: target.model,
    ...(key.secret ? { keyFingerprint: key.secret.fingerprint } : {}),
    outcome: failure ? failure.code : attempted.kind === 'left' ? 'left' : 'answered',
    ...(failure ? { phase: failure.phase } : {}),
    ...(failure?.status === undefined ? {} : { status: failure.status }),
    durationMs,
  }
}
