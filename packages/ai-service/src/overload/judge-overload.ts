// When there is too much: what memory and a late event loop mean, as values; whoever watches acts on them.

export interface OverloadBounds {
  /** Share of the memory limit from which on answers close their connections. */
  readonly closeAt: number
  /** Share from which on requests are refused. */
  readonly refuseAt: number
  /** Milliseconds that the event loop may be late. */
  readonly loopDelayMs: number
}

/** `close`: kept connections are given up; `refuse`: requests as well. */
export type MemoryState = 'well' | 'close' | 'refuse'

export interface MemorySample {
  /** Of the limit, resident memory or heap, whichever is nearer to its end. */
  readonly share: number
  /** Requests under way. */
  readonly underWay: number
}

/** It must fall that far below where a state began, or the state would flicker. */
const slack = 0.02
/** A pause of a moment is slow for somebody; refusing everybody for it would be worse. */
const lateWindows = 5

export function judgeMemory(
  before: MemoryState,
  { share, underWay }: MemorySample,
  bounds: OverloadBounds,
): MemoryState {
  const { closeAt, refuseAt } = bounds
  // What is held while nothing is under way is not held by requests: refusing them would never end.
  if (underWay > 0 && share >= (before === 'refuse' ? closeAt : refuseAt)) return 'refuse'
  return share >= (before === 'well' ? closeAt : closeAt - slack) ? 'close' : 'well'
}

/** How many windows of a second in a row were late. @param windows that this look stands for: one that was itself late, several. */
export function countLate(before: number, delayMs: number, windows: number, { loopDelayMs }: OverloadBounds): number {
  return delayMs > loopDelayMs ? before + windows : 0
}

export function isLoopOverloaded(late: number): boolean {
  return late >= lateWindows
}
