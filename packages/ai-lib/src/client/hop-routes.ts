// Where a client's requests go, by the model that they ask for: made once per model, so that shares hold over requests.
import type { Balancer } from '../attempts/balancers/balancer.ts'
import { TargetPool } from '../attempts/target-pool.ts'
import { TargetRoute } from '../attempts/target-route.ts'
import { type Hop, targetOf } from './open-hops.ts'

/** Applications may pass their users' model names on: more are not remembered. */
const maxRoutes = 256

export class HopRoutes {
  readonly #hops: readonly Hop[]
  readonly #balancer: Balancer | undefined
  readonly #routes = new Map<string | undefined, TargetRoute>()

  /** @param balancer where the hops share requests; absent: each is asked where the one before it cannot answer. */
  constructor(hops: readonly Hop[], balancer?: Balancer) {
    this.#hops = hops
    this.#balancer = balancer
  }

  /** @throws AiError where a provider has no chat, or no model is named. */
  of(model: string | undefined): TargetRoute {
    const known = this.#routes.get(model)
    if (known) return known
    const route = this.#open(model)
    if (this.#routes.size >= maxRoutes) this.#routes.clear()
    this.#routes.set(model, route)
    return route
  }

  #open(model: string | undefined): TargetRoute {
    const balancer = this.#balancer
    if (!balancer) return TargetRoute.inOrder(this.#hops.map((hop, index) => targetOf(hop, model, index)))
    // One provider: what is asked for is theirs, whichever endpoint answers.
    return new TargetRoute([
      new TargetPool(
        this.#hops.map((hop) => targetOf(hop, model, 0)),
        balancer,
      ),
    ])
  }
}
