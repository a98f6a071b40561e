// The port of load balancing: which of a pool's members gets the next request.

/** What is known of an endpoint while requests run. */
export interface Load {
  /** Attempts under way, streams until their last byte. */
  readonly inFlight: number
  /** Moving share of attempts that were answered, 0 to 1. */
  readonly success: number
  /** Moving average in milliseconds; 0 where nothing was measured yet. */
  readonly latencyMs: number
}

/** A member of a pool, as a balancer sees it. */
export interface TargetState {
  /** Share of requests relative to the others', above 0. */
  readonly weight: number
  readonly health: Load
  /** Micro-USD for a million tokens read and a million written; absent where nobody knows. */
  readonly price?: number
  /**
   * What it is owed under smooth weighted round-robin. The pool keeps it: after a pick everyone's rises by its share, and
   * that of the picked one falls by all shares together.
   */
  readonly credit: number
}

export interface Balancer {
  readonly name: string
  /**
   * Pure: the same pool and draw give the same member; none only where the pool is empty.
   * @param pool members that may be asked now.
   * @param draw a whole number that rises by one with each pick of the pool.
   */
  pick<Member extends TargetState>(pool: readonly Member[], draw: number): Member | undefined
  /** What a member's credit rises by with each pick; 0 for strategies that keep none. */
  share(member: TargetState): number
}

/** The one that is owed most, its next share included; the first of equals. */
export function mostOwed<Member extends TargetState>(
  pool: readonly Member[],
  share: (member: TargetState) => number,
): Member | undefined {
  let best: Member | undefined
  let most = -Infinity
  for (const member of pool) {
    const owed = member.credit + share(member)
    if (best !== undefined && owed <= most) continue
    best = member
    most = owed
  }
  return best
}

/** The one with the least cost; among equals the one that is owed most. */
export function cheapest<Member extends TargetState>(
  pool: readonly Member[],
  cost: (member: TargetState) => number,
): Member | undefined {
  let best: Member | undefined
  let least = Infinity
  for (const member of pool) {
    const price = cost(member)
    const isBetter = price < least || (price === least && owedOf(member) > owedOf(best))
    if (best !== undefined && !isBetter) continue
    best = member
    least = price
  }
  return best
}

function owedOf(member: TargetState | undefined): number {
  return member === undefined ? -Infinity : member.credit + member.weight
}
