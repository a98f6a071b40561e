// "Try again?" on one page: a failure and what is left go in, a verdict comes out. Pure.
import type { FailureCode, UpstreamFailure } from '../chat/failure.ts'
import { backoffBounds, backoffMs } from './backoff.ts'

export type Verdict =
  | { readonly do: 'retry-same'; readonly afterMs: number }
  | { readonly do: 'next-key' }
  | { readonly do: 'next-target' }
  | { readonly do: 'give-up'; readonly why: 'fatal' | 'no-targets' | 'deadline' | 'attempts-spent' }

/** What the loop still has. */
export interface Allowance {
  /** Another key of this target is usable and untried. */
  readonly hasKey: boolean
  readonly hasTarget: boolean
  /** This target may be asked again: its breaker has not opened. */
  readonly mayReturn: boolean
  /** Attempts that may still be made after failures which draw on them. */
  readonly attemptsLeft: number
  /** The retry budget allows a repeat. Asked only where one is due. */
  readonly mayRepeat: () => boolean
  readonly msLeft: number
  /** Repeats made so far, for the back-off. */
  readonly repeats: number
  readonly draw: number
}

/** What a failure says about where to go. */
type Direction =
  /** The request itself is at fault: every target would say so. */
  | 'stop'
  /** The key is at fault: another key, then another target, never the same again. */
  | 'leave-key'
  /** This target cannot serve it; another may. */
  | 'leave-target'
  /** May pass by itself: another target, or the same one after a pause. */
  | 'transient'

const directions: Readonly<Record<FailureCode, Direction>> = {
  rejected: 'stop',
  'too-large': 'stop',
  'key-refused': 'leave-key',
  'quota-exhausted': 'leave-key',
  'rate-limited': 'leave-key',
  'not-found': 'leave-target',
  redirected: 'leave-target',
  'queue-full': 'leave-target',
  unreachable: 'transient',
  timeout: 'transient',
  overloaded: 'transient',
  failed: 'transient',
  truncated: 'transient',
  'invalid-response': 'transient',
}

/** Leaving a key draws on nothing but the pool's keys and the deadline; every other repeat draws on the attempts. */
export function decideNext(failure: UpstreamFailure, left: Allowance): Verdict {
  const direction = directions[failure.code]
  if (direction === 'stop') return { do: 'give-up', why: 'fatal' }
  if (left.msLeft <= 0 || failure.timer === 'total') return { do: 'give-up', why: 'deadline' }
  if (direction === 'leave-key' && left.hasKey) return { do: 'next-key' }
  if (left.attemptsLeft <= 0) return { do: 'give-up', why: 'attempts-spent' }
  if (left.hasTarget) {
    // Leaving a refused key for another target is no repeat of a failing call, so the budget has no say in it.
    const draws = direction === 'transient'
    return draws && !left.mayRepeat() ? { do: 'give-up', why: 'attempts-spent' } : { do: 'next-target' }
  }
  if (direction !== 'transient' || !left.mayReturn) return { do: 'give-up', why: 'no-targets' }
  return repeatSame(failure, left)
}

function repeatSame(failure: UpstreamFailure, left: Allowance): Verdict {
  const afterMs = failure.retryAfterMs ?? backoffMs(left.repeats, failure.code === 'overloaded', left.draw)
  // A provider that asks for a long pause gets it from the client: holding the request that long helps nobody.
  if (afterMs > backoffBounds.capMs || afterMs >= left.msLeft) return { do: 'give-up', why: 'deadline' }
  return left.mayRepeat() ? { do: 'retry-same', afterMs } : { do: 'give-up', why: 'attempts-spent' }
}
