// The one owner of retries, key changes and failover: it waits and acts, `decide-next` decides.
import type { UpstreamFailure } from '../chat/failure.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Wire } from '../dialects/dialect.ts'
import type { PreparedRequest } from '../lanes/prepare-request.ts'
import { attempt } from './attempt.ts'
import type { AttemptCall } from './attempt-call.ts'
import type { AttemptPlan, LoopOutcome } from './attempt-plan.ts'
import { type AttemptRecord, recordOf } from './attempt-record.ts'
import { attemptRequest } from './attempt-request.ts'
import type { Clock, Random } from './clock.ts'
import { backoffBounds } from './backoff.ts'
import { type Allowance, decideNext } from './decide-next.ts'
import { errorOfFailure, tellingFailure } from './failure-error.ts'
import { maxKeysPerExchange, type PoolKey } from './key-pool.ts'
import type { Target } from './target.ts'
import { keylessFailure, unaskedError } from './unasked.ts'

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

interface SentCall<Out> extends AttemptCall<Out> {
  readonly sentMs: number
}

/** A target that the request cannot be written for, or that has its trial under way. */
interface Unfit {
  readonly kind: 'unfit'
}

const noKey: PoolKey = { name: 'none' }
const none: readonly Target[] = []
const unfit: Unfit = { kind: 'unfit' }
/** How long a request waits for keys that are being read anew, in all. */
const longestKeyWaitMs = 5_000

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
  /** How long this exchange may still wait for keys that are being read. */
  #waitLeftMs = longestKeyWaitMs
  #target: Target | undefined
  /** Targets that this exchange is through with. */
  #left = none
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
    let target = this.#nextTarget()
    while (target) {
      const key = this.#pickKey(target) ?? (await this.#keyOnceRead(target))
      if (key === undefined) {
        if (this.#signal.aborted) return { kind: 'left', attempts: this.#records, target }
        const failure = keylessFailure(target, this.#clock.nowMs())
        if (failure) this.#failures.push(failure)
        target = this.#nextTarget()
        continue
      }
      // While the keys were read, somebody else may have begun the one trial.
      const outcome = target.health.breaker.kind === 'half-open' ? unfit : await this.#try(target, key)
      if (outcome.kind === 'unfit') target = this.#nextTarget()
      else if (outcome.kind !== 'attempt-failed') return outcome
      else target = await this.#goOn(target, key, outcome.failure)
    }
    return this.#failed()
  }

  async #try(target: Target, key: PoolKey): Promise<LoopOutcome<Out> | AttemptFailed | Unfit> {
    const plan = this.#plan
    const { health, upstream } = target
    const startedMs = this.#clock.nowMs()
    const judged = judgedKey(target, key)
    const isTrial = health.begin(startedMs, judged)
    let prepared: PreparedRequest
    let call: SentCall<Out>
    try {
      // Nearly always at hand; only large translations are waited for.
      const preparing = plan.prepare(target)
      prepared = preparing instanceof Promise ? await preparing : preparing
      call = this.#call(target, key, prepared, isTrial)
    } catch (thrown) {
      health.ended('void', isTrial, startedMs, judged)
      // Another target could have served it: what failed there is the news, and its record must not be lost.
      if (this.#records.length === 0 || !(thrown instanceof AiError)) throw thrown
      return unfit
    }
    if (this.#records.length === 0) upstream.retryBudget.deposit()
    const attempted = await attempt<Out>(call, this.#signal)
    const durationMs = this.#clock.nowMs() - call.sentMs
    this.#records.push(recordOf(target, key, attempted, { startedMs: call.sentMs, durationMs }))
    const attempts = this.#records
    if (attempted.kind === 'whole' || attempted.kind === 'stream') upstream.keys.proved(key)
    switch (attempted.kind) {
      case 'whole': {
        const { headers, out, isSent } = attempted
        const isBodyFree = isSent && attempts.length === 1
        return { kind: 'whole', target, prepared, headers, attempts, isBodyFree, out, lane: call.lane }
      }
      case 'stream': {
        const { headers, stream, isSent } = attempted
        return {
          kind: 'stream',
          target,
          prepared,
          headers,
          attempts,
          isBodyFree: isSent && attempts.length === 1,
          stream,
        }
      }
      case 'left':
        return { kind: 'left', attempts, target }
      case 'failed':
        return { kind: 'attempt-failed', failure: attempted.failure }
    }
  }

  #call(target: Target, key: PoolKey, prepared: PreparedRequest, isTrial: boolean): SentCall<Out> {
    const { upstream, health } = target
    return {
      channel: upstream.channel,
      request: attemptRequest(this.#plan, target, key, { prepared, index: this.#records.length }),
      lane: this.#plan.openLane(target, prepared),
      wire: upstreamWire(target),
      timeouts: upstream.timeouts,
      msLeft: this.#msLeft(target),
      ...this.#streamDeadline(target),
      commit: this.#plan.commit,
      clock: this.#clock,
      hold: upstream.keys.holdOf(key),
      health,
      isTrial,
      sentMs: this.#clock.nowMs(),
      judged: judgedKey(target, key),
    }
  }

  /** Applies what a failure means for the key, asks what to do, and does it: where to go on, undefined gives up. */
  async #goOn(target: Target, key: PoolKey, reported: UpstreamFailure): Promise<Target | undefined> {
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
        return undefined
      case 'next-key':
        this.#keysLeft--
        return target
      case 'next-target':
        this.#spent++
        return this.#nextTarget()
      case 'retry-same':
        this.#spent++
        this.#repeats++
        await this.#clock.sleep(verdict.afterMs, this.#signal)
        // Others may have found out meanwhile that it is down.
        return target.health.isPassable(this.#clock.nowMs()) ? target : this.#nextTarget()
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
      hasTarget: this.#hasOther(),
      mayReturn: target.health.isPassable(this.#clock.nowMs()),
      attemptsLeft: this.#plan.maxRetries - this.#spent,
      mayRepeat: () => target.upstream.retryBudget.draw(),
      msLeft: this.#msLeft(target),
      repeats: this.#repeats,
      draw: this.#random(),
    }
  }

  #hasOther(): boolean {
    const left = this.#target ? [...this.#left, this.#target] : this.#left
    return this.#plan.route.hasOther(this.#clock.nowMs(), left)
  }

  #pickKey(target: Target): PoolKey | undefined {
    const { keys, spec } = target.upstream
    if (keys.size === 0) return spec.isKeyRequired ? undefined : noKey
    const nowMs = this.#clock.nowMs()
    const broken = target.health.brokenKeys(nowMs, keys.size)
    if (this.#failedHere.size > 0 || broken) {
      const avoided = new Set([...this.#tried, ...this.#failedHere, ...(broken ?? [])])
      if (keys.hasUsable(nowMs, avoided)) return keys.pick(nowMs, avoided)
    }
    return keys.pick(nowMs, this.#tried)
  }

  async #keyOnceRead(target: Target): Promise<PoolKey | undefined> {
    await this.#untilRead(target)
    return this.#pickKey(target)
  }

  /** Waits a short while for keys that are being read. */
  async #untilRead(target: Target): Promise<void> {
    const reading = target.upstream.keys.refreshing()
    if (reading === undefined || this.#waitLeftMs <= 0) return
    const startMs = this.#clock.nowMs()
    const over = new AbortController()
    const longestMs = Math.max(0, Math.min(this.#waitLeftMs, this.#msLeft(target)))
    await Promise.race([reading, this.#clock.sleep(longestMs, AbortSignal.any([this.#signal, over.signal]))])
    over.abort()
    this.#waitLeftMs -= this.#clock.nowMs() - startMs
  }

  #nextTarget(): Target | undefined {
    if (this.#target) this.#left = [...this.#left, this.#target]
    this.#failedHere.clear()
    const { route } = this.#plan
    const next = route.pick(this.#clock.nowMs(), this.#left)
    // A trial of what is known to fail is never a repeat: it would multiply the load of an outage.
    this.#target = next ?? (this.#records.length === 0 ? route.pickLastResort(this.#left) : undefined)
    return this.#target
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

  #failed(): LoopOutcome<Out> {
    const told = tellingFailure(this.#failures)
    const telling = told?.code === 'rate-limited' ? this.#untilUsable(told) : told
    // Attempts are spent only where the request could have been repeated: a rejected one is the caller's to mend.
    const error = telling
      ? errorOfFailure(telling, this.#plan.scrub, telling.code !== 'rejected')
      : unaskedError(this.#plan.route)
    return { kind: 'failed', error, attempts: this.#records, target: this.#lastTarget() }
  }

  #lastTarget(): Target | undefined {
    const { targets } = this.#plan.route
    return this.#target ?? this.#left.at(-1) ?? (targets.length === 1 ? targets[0] : undefined)
  }

  // Keys that cooled before this exchange, or for as long as we choose, may be back sooner than the last refusal says.
  #untilUsable(failure: UpstreamFailure): UpstreamFailure {
    const nowMs = this.#clock.nowMs()
    const waits = this.#plan.route.targets.flatMap(({ upstream }) => upstream.keys.coolingForMs(nowMs) ?? [])
    return waits.length === 0 ? failure : { ...failure, retryAfterMs: Math.min(...waits) }
  }
}

function isAboutKey({ code }: UpstreamFailure): boolean {
  return code === 'key-refused' || code === 'quota-exhausted'
}

/** A key alone in its pool has no breaker of its own: what is said of the endpoint is said of it. */
function judgedKey({ upstream }: Target, key: PoolKey): PoolKey | undefined {
  return upstream.keys.size > 1 ? key : undefined
}

function upstreamWire(target: Target): Wire {
  return target.lane.kind === 'same' ? target.lane.operation.wire : target.lane.to.operation.wire
}
