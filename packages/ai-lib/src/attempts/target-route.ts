// Where the requests of one name may go: a pool, then further ones in order, and a last resort where all are failing.
import { roundRobin } from './balancers/round-robin.ts'
import type { Target } from './target.ts'
import { TargetPool } from './target-pool.ts'

/** Shared by all exchanges of the name; what one exchange has tried, it says with each question. */
export class TargetRoute {
  /** All targets, in order of preference. */
  readonly targets: readonly Target[]
  readonly #pools: readonly TargetPool[]

  constructor(pools: readonly TargetPool[]) {
    this.#pools = pools
    this.targets = pools.flatMap(({ members }) => members)
  }

  /** Each target where the one before it could not answer. */
  static inOrder(targets: readonly Target[]): TargetRoute {
    return new TargetRoute(targets.map((target) => new TargetPool([target], roundRobin)))
  }

  /** The next target, none of `tried`; undefined where none may be asked now. */
  pick(nowMs: number, tried: readonly Target[]): Target | undefined {
    for (const pool of this.#pools) {
      const picked = pool.pick(nowMs, tried)
      if (picked) return picked
    }
    return undefined
  }

  hasOther(nowMs: number, tried: readonly Target[]): boolean {
    return this.#pools.some((pool) => pool.hasAble(nowMs, tried))
  }

  /**
   * Where every breaker is open the route is never shut: one trial at a time passes to each target, the one that is due
   * first. What is marked unhealthy by hand stays out.
   */
  pickLastResort(tried: readonly Target[]): Target | undefined {
    let best: Target | undefined
    let dueMs = Infinity
    for (const target of this.targets) {
      const { breaker } = target.health
      if (breaker.kind !== 'open' || target.mark.healthy === false || tried.includes(target)) continue
      if (breaker.untilMs >= dueMs) continue
      best = target
      dueMs = breaker.untilMs
    }
    return best
  }

  /** Whether some target is out because its breaker is open or its trial under way: soon it may be back. */
  isRecovering(): boolean {
    return this.targets.some(({ health, mark }) => health.breaker.kind !== 'closed' && mark.healthy !== false)
  }
}
