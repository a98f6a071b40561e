// When an endpoint or a key is left alone: failures in a row open its breaker, one trial later may close it. Pure.

/**
 * The shape of Envoy's outlier detection: five failures in a row, out for 30 s times the ejections in a row, at most half
 * of a pool. All times are milliseconds.
 */
export const breakerBounds = {
  failures: 5,
  baseMs: 30_000,
  capMs: 300_000,
  /** Well for this long, an endpoint's next ejection counts as its first. */
  forgetMs: 300_000,
  /** How often one that may not be ejected, because half of its pool is already, is tried while others are well. */
  keptMs: 1_000,
  /** A failed probe counts as this many failures: two in a row eject. */
  probeFailures: 3,
  /** Share of a pool that may be ejected at a time; one always may. */
  ejectedShare: 0.5,
} as const

export type BreakerState =
  | {
      readonly kind: 'closed'
      /** In a row. */
      readonly failures: number
      readonly ejections: number
      /** When it closed last. */
      readonly sinceMs: number
    }
  | {
      readonly kind: 'open'
      /** From then on a trial is due. */
      readonly untilMs: number
      readonly ejections: number
      /** When it was asked last. */
      readonly triedMs: number
    }
  /** One trial is under way; nothing else passes. */
  | {
      readonly kind: 'half-open'
      readonly untilMs: number
      readonly ejections: number
      readonly startedMs: number
    }

/** Where every breaker starts. */
export const calm: BreakerState = { kind: 'closed', failures: 0, ejections: 0, sinceMs: 0 }

/** Closed, or so long open that a trial is due. */
export function isPassable(state: BreakerState, nowMs: number): boolean {
  return state.kind === 'closed' || (state.kind === 'open' && state.untilMs <= nowMs)
}

/** An answer that is well, or a refusal that only a living endpoint gives. */
export function afterSuccess(state: BreakerState): BreakerState {
  return state.kind === 'closed' && state.failures > 0 ? { ...state, failures: 0 } : state
}

/** A failure of an attempt that was no trial; one that began before the breaker opened says nothing new. */
export function afterFailure(state: BreakerState, nowMs: number, count = 1): BreakerState {
  if (state.kind !== 'closed') return state
  const failures = state.failures + count
  if (failures < breakerBounds.failures) return { ...state, failures }
  const isForgotten = nowMs - state.sinceMs >= breakerBounds.forgetMs
  return opened(isForgotten ? 0 : state.ejections, nowMs)
}

/** Claims the one trial of an open breaker. */
export function beginTrial(state: BreakerState, nowMs: number): BreakerState {
  return state.kind === 'open'
    ? { kind: 'half-open', untilMs: state.untilMs, ejections: state.ejections, startedMs: nowMs }
    : state
}

/**
 * What became of a trial. One that passed closes the breaker on probation: a single failure opens it again. `void`: the
 * client left, or nothing was sent; the next may try.
 */
export function endTrial(state: BreakerState, result: 'passed' | 'failed' | 'void', nowMs: number): BreakerState {
  if (state.kind !== 'half-open') return result === 'failed' ? afterFailure(state, nowMs) : state
  const { untilMs, ejections, startedMs } = state
  if (result === 'passed') return onProbation(ejections, nowMs)
  // A trial before its time, for want of any other target, takes nothing of the wait that is due.
  if (result === 'void' || startedMs < untilMs)
    return { kind: 'open', untilMs, ejections, triedMs: result === 'void' ? 0 : nowMs }
  return opened(ejections, nowMs)
}

/** A probe of ours. One that passed does not excuse the failures of real traffic, but it opens the way for it. */
export function afterProbe(state: BreakerState, hasPassed: boolean, nowMs: number): BreakerState {
  if (hasPassed) return state.kind === 'closed' ? state : onProbation(state.ejections, nowMs)
  if (state.kind === 'closed') return afterFailure(state, nowMs, breakerBounds.probeFailures)
  return state.kind === 'open' && state.untilMs <= nowMs ? opened(state.ejections, nowMs) : state
}

function opened(ejectionsBefore: number, nowMs: number): BreakerState {
  const ejections = ejectionsBefore + 1
  const untilMs = nowMs + Math.min(breakerBounds.capMs, breakerBounds.baseMs * ejections)
  return { kind: 'open', untilMs, ejections, triedMs: nowMs }
}

function onProbation(ejections: number, nowMs: number): BreakerState {
  return { kind: 'closed', failures: breakerBounds.failures - 1, ejections, sinceMs: nowMs }
}
