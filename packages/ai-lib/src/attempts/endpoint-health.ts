// What is known of one endpoint, from its traffic and its probes: a breaker, how much is under way, how well it answers.
import type { FailureCode } from '../chat/failure.ts'
import {
  afterFailure,
  afterProbe,
  afterSuccess,
  beginTrial,
  breakerBounds,
  type BreakerState,
  calm,
  endTrial,
  isPassable,
} from './breaker.ts'
import type { PoolKey } from './key-pool.ts'

/** How an attempt ended, as far as its endpoint is concerned. */
export type AttemptEnd =
  | 'answered'
  /** Refused by an endpoint that is well: the request, the key or the model is at fault. */
  | 'refused'
  | 'limited'
  | 'failed'
  /** The client left, or nothing was sent: says nothing. */
  | 'void'

const ends: Readonly<Record<FailureCode, AttemptEnd>> = {
  unreachable: 'failed',
  timeout: 'failed',
  overloaded: 'failed',
  failed: 'failed',
  truncated: 'failed',
  'invalid-response': 'failed',
  'rate-limited': 'limited',
  'key-refused': 'refused',
  'quota-exhausted': 'refused',
  'not-found': 'refused',
  rejected: 'refused',
  'too-large': 'refused',
  redirected: 'refused',
  'queue-full': 'void',
}

/** What a failure says about the endpoint: gateway errors and local ones count, the caller's own mistakes never do. */
export function endOf(code: FailureCode): AttemptEnd {
  return ends[code]
}

/** Share of the newest observation in a moving average: about the last ten attempts count. */
const newest = 0.1

/**
 * One per endpoint, shared by everything that sends there. Fields and no objects: an attempt that goes well allocates
 * nothing. Times are monotonic milliseconds.
 */
export class EndpointHealth {
  /** Attempts under way, streams until their last byte. */
  inFlight = 0
  /** Moving share of attempts that were answered; 1 at first. */
  success = 1
  /** Moving average of the time to the whole answer, or to the first content of a stream; 0 where nothing was measured. */
  latencyMs = 0
  readonly #onTurn: ((from: BreakerState['kind'], to: BreakerState['kind']) => void) | undefined
  #breaker: BreakerState = calm
  /** Breakers of single keys; made by the first failure that another key's success can tell apart. */
  #keys: Map<PoolKey, BreakerState> | undefined

  /** @param onTurn told whenever the breaker opens, closes, or lets a trial through. */
  constructor(onTurn?: (from: BreakerState['kind'], to: BreakerState['kind']) => void) {
    this.#onTurn = onTurn
  }

  get breaker(): BreakerState {
    return this.#breaker
  }

  /** Whether it may be asked: well, or due for a trial that nobody makes yet. */
  isPassable(nowMs: number): boolean {
    return this.#breaker.kind === 'closed' || isPassable(this.#breaker, nowMs)
  }

  /**
   * An attempt begins; exactly one `ended` follows. True where it is the one trial of an open breaker.
   * @param key where the pool has several: one whose own breaker is open is then on trial.
   */
  begin(nowMs: number, key?: PoolKey): boolean {
    this.inFlight++
    if (this.#keys && key) this.#tryKey(key, nowMs)
    if (this.#breaker.kind !== 'open') return false
    this.#turn(beginTrial(this.#breaker, nowMs))
    return true
  }

  /** The answer has begun (a stream) or is there (a whole one). */
  committed(isTrial: boolean, latencyMs: number, nowMs: number): void {
    this.latencyMs = this.latencyMs === 0 ? latencyMs : this.latencyMs + newest * (latencyMs - this.latencyMs)
    if (isTrial) this.#turn(endTrial(this.#breaker, 'passed', nowMs))
  }

  ended(end: AttemptEnd, isTrial: boolean, nowMs: number, key?: PoolKey): void {
    this.inFlight--
    if (end === 'answered' || end === 'failed' || end === 'limited')
      this.success += newest * ((end === 'answered' ? 1 : 0) - this.success)
    const before = this.#breaker
    // A trial that committed has closed the breaker: what comes after counts as any other attempt's end.
    if (isTrial && before.kind === 'half-open') this.#turn(endTrial(before, trialResult(end), nowMs))
    if (end === 'failed') {
      if (before.kind === 'closed') this.#turn(afterFailure(before, nowMs))
    } else if (end !== 'void') this.#turn(afterSuccess(this.#breaker))
    if (key && (this.#keys || end === 'failed')) this.#judgeKey(key, end, nowMs)
  }

  /** What a probe found out. */
  probed(hasPassed: boolean, nowMs: number): void {
    this.#turn(afterProbe(this.#breaker, hasPassed, nowMs))
  }

  /** Keys that fail here again and again while others do not; at most half of them, and undefined where there is none. */
  brokenKeys(nowMs: number, poolSize: number): ReadonlySet<PoolKey> | undefined {
    if (!this.#keys) return undefined
    const most = Math.floor(poolSize * breakerBounds.ejectedShare)
    const broken = [...this.#keys].filter(([, state]) => !isPassable(state, nowMs)).slice(0, most)
    return broken.length === 0 ? undefined : new Set(broken.map(([key]) => key))
  }

  #tryKey(key: PoolKey, nowMs: number): void {
    const state = this.#keys?.get(key)
    if (state) this.#keys?.set(key, beginTrial(state, nowMs))
  }

  // Where the whole endpoint fails, nothing can be said about a key.
  #judgeKey(key: PoolKey, end: AttemptEnd, nowMs: number): void {
    if (this.#breaker.kind !== 'closed') {
      this.#keys = undefined
      return
    }
    this.#keys ??= new Map()
    const state = endTrial(this.#keys.get(key) ?? calm, trialResult(end), nowMs)
    if (end === 'answered') this.#keys.delete(key)
    else this.#keys.set(key, state)
    if (this.#keys.size === 0) this.#keys = undefined
  }

  #turn(next: BreakerState): void {
    const from = this.#breaker.kind
    this.#breaker = next
    if (from !== next.kind) this.#onTurn?.(from, next.kind)
  }
}

function trialResult(end: AttemptEnd): 'passed' | 'failed' | 'void' {
  if (end === 'failed') return 'failed'
  return end === 'void' ? 'void' : 'passed'
}
