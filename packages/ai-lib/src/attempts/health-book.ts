// The one place where the health of endpoints is found: the same upstream and model share it, whatever name led there.
import { EndpointHealth } from './endpoint-health.ts'
import type { BreakerState } from './breaker.ts'
import type { Upstream } from './target.ts'

/** A breaker that opened, closed or let a trial through. */
export interface BreakerTurn {
  readonly upstream: Upstream
  readonly model: string
  readonly from: BreakerState['kind']
  readonly to: BreakerState['kind']
  readonly health: EndpointHealth
}

/** Callers may name any model of a provider: beyond this many, those with nothing to remember are forgotten. */
const maxModels = 1_024

export class HealthBook {
  readonly #pages = new Map<Upstream, Map<string, EndpointHealth>>()
  readonly #onTurn: ((turn: BreakerTurn) => void) | undefined

  constructor(onTurn?: (turn: BreakerTurn) => void) {
    this.#onTurn = onTurn
  }

  of(upstream: Upstream, model: string): EndpointHealth {
    let page = this.#pages.get(upstream)
    if (page === undefined) this.#pages.set(upstream, (page = new Map<string, EndpointHealth>()))
    const known = page.get(model)
    if (known !== undefined) return known
    if (page.size >= maxModels) forgetCalm(page)
    const health: EndpointHealth = new EndpointHealth((from, to) =>
      this.#onTurn?.({ upstream, model, from, to, health }),
    )
    // One that cannot be remembered still works for whoever holds it.
    if (page.size < maxModels) page.set(model, health)
    return health
  }

  /** What is known of an upstream, over all models that were asked for there. */
  at(upstream: Upstream): readonly EndpointHealth[] {
    return [...(this.#pages.get(upstream)?.values() ?? [])]
  }
}

function forgetCalm(page: Map<string, EndpointHealth>): void {
  for (const [model, { breaker, inFlight }] of page)
    if (inFlight === 0 && breaker.kind === 'closed' && breaker.failures === 0) page.delete(model)
}
