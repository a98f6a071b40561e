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

/** What is known of one upstream, by model. */
interface Page {
  /** Where it stands for now: a new configuration may have taken it over. */
  upstream: Upstream
  readonly models: Map<string, EndpointHealth>
}

export class HealthBook {
  // Weak: an upstream that a new configuration left behind takes its page along.
  readonly #pages = new WeakMap<Upstream, Page>()
  readonly #onTurn: ((turn: BreakerTurn) => void) | undefined

  constructor(onTurn?: (turn: BreakerTurn) => void) {
    this.#onTurn = onTurn
  }

  of(upstream: Upstream, model: string): EndpointHealth {
    const page = this.#pages.get(upstream) ?? this.#open(upstream)
    const { models } = page
    const known = models.get(model)
    if (known !== undefined) return known
    if (models.size >= maxModels) forgetCalm(models)
    const health: EndpointHealth = new EndpointHealth((from, to) =>
      this.#onTurn?.({ upstream: page.upstream, model, from, to, health }),
    )
    // One that cannot be remembered still works for whoever holds it.
    if (models.size < maxModels) models.set(model, health)
    return health
  }

  /** What is known of an upstream, over all models that were asked for there. */
  at(upstream: Upstream): readonly EndpointHealth[] {
    return [...(this.#pages.get(upstream)?.models.values() ?? [])]
  }

  /** `upstream` is the same place as `former` under other settings: what is known of one is known of the other. */
  carryOver(former: Upstream, upstream: Upstream): void {
    const page = this.#pages.get(former)
    if (page === undefined) return
    page.upstream = upstream
    this.#pages.set(upstream, page)
  }

  #open(upstream: Upstream): Page {
    const page = { upstream, models: new Map<string, EndpointHealth>() }
    this.#pages.set(upstream, page)
    return page
  }
}

function forgetCalm(models: Map<string, EndpointHealth>): void {
  for (const [model, { breaker, inFlight }] of models)
    if (inFlight === 0 && breaker.kind === 'closed' && breaker.failures === 0) models.delete(model)
}
