// Targets that share the requests of a name by one strategy: who may be asked now, and who gets the next request.
import type { Balancer } from './balancers/balancer.ts'
import { breakerBounds } from './breaker.ts'
import type { Target } from './target.ts'

export class TargetPool {
  readonly members: readonly Target[]
  readonly #balancer: Balancer
  #draw = 0

  constructor(members: readonly Target[], balancer: Balancer) {
    this.members = members
    this.#balancer = balancer
  }

  /** The next member by the strategy, none of `tried`; undefined where none may be asked. */
  pick(nowMs: number, tried: readonly Target[]): Target | undefined {
    const able = this.#able(nowMs, tried)
    // Nobody's share grows where there is no choice: whoever was out saves nothing up.
    if (able.length < 2) return able[0]
    const picked = this.#balancer.pick(able, this.#draw++)
    if (picked) this.#charge(able, picked)
    return picked
  }

  /** Whether `pick` would give one; draws on nothing. */
  hasAble(nowMs: number, tried: readonly Target[]): boolean {
    return this.members.some((member) => isAble(member, nowMs, tried))
  }

  // All are well nearly always: then the pool itself is the list, and nothing is allocated.
  #able(nowMs: number, tried: readonly Target[]): readonly Target[] {
    for (const member of this.members) if (!isAble(member, nowMs, tried)) return this.#some(nowMs, tried)
    return this.members
  }

  #some(nowMs: number, tried: readonly Target[]): readonly Target[] {
    const able = this.members.filter((member) => isAble(member, nowMs, tried))
    return tried.length === 0 && this.members.length > 1 ? [...able, ...this.#kept(nowMs)] : able
  }

  // At most half of a pool is out by the clock. Those beyond it take a turn now and then, one at a time, so that a pool
  // that was ejected for a fault of ours or of the network is back as soon as that is over.
  #kept(nowMs: number): readonly Target[] {
    const ejected = this.members.flatMap((member) => {
      const { breaker } = member.health
      return breaker.kind === 'open' && breaker.untilMs > nowMs && member.mark.healthy !== false
        ? [{ member, breaker }]
        : []
    })
    const most = Math.max(1, Math.floor(this.members.length * breakerBounds.ejectedShare))
    return ejected
      .toSorted((left, right) => left.breaker.untilMs - right.breaker.untilMs)
      .slice(0, Math.max(0, ejected.length - most))
      .filter(({ breaker }) => nowMs - breaker.triedMs >= breakerBounds.keptMs)
      .map(({ member }) => member)
  }

  #charge(able: readonly Target[], picked: Target): void {
    let total = 0
    for (const member of able) {
      const share = this.#balancer.share(member)
      member.credit += share
      total += share
    }
    picked.credit -= total
  }
}

function isAble(member: Target, nowMs: number, tried: readonly Target[]): boolean {
  return member.mark.healthy !== false && member.health.isPassable(nowMs) && !tried.includes(member)
}
