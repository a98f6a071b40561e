// Endpoints of one provider that share requests: what an application says of them, and may change while requests run.
import { balancers, type StrategyName } from '../attempts/balancers/registry.ts'
import { nearestNames } from '../catalog/nearest-names.ts'
import { AiError } from '../errors/ai-error.ts'

/**
 * How the next endpoint is picked.
 *
 * `RoundRobin`: each in its turn. `Weighted`: by weight, exactly. `LeastConnections`: the fewest requests under way for
 * the weight, streams counted to their last byte. `HealthBased`: by weight, less for endpoints that fail or are slow.
 * `LatencyBased`: most to the fastest. `CostBased`: the model that is cheapest by the catalogue. Whatever the strategy,
 * an endpoint that fails five times in a row gets nothing until it recovers.
 *
 * @example
 * ```ts
 * import { LoadBalancingStrategy, ModelArray } from 'ai-lib'
 * const production = new ModelArray('production', { strategy: LoadBalancingStrategy.HealthBased })
 * console.log(production.strategy) // health-based
 * ```
 */
export const LoadBalancingStrategy = {
  RoundRobin: 'round-robin',
  Weighted: 'weighted',
  LeastConnections: 'least-connections',
  HealthBased: 'health-based',
  LatencyBased: 'latency-based',
  CostBased: 'cost-based',
} as const satisfies Readonly<Record<string, StrategyName>>

/** The name of a strategy. */
export type LoadBalancingStrategy = (typeof LoadBalancingStrategy)[keyof typeof LoadBalancingStrategy]

/** One endpoint of a `ModelArray`. */
export interface ModelEndpoint {
  /** Unique within the array. */
  readonly name: string
  /** Base URL as the provider documents it for its own SDK: `https://api-east.example.com/v1`. */
  readonly url: string
  /** Share of requests, for every strategy but round-robin; above 0, up to 1,000. Default 1. */
  readonly weight?: number | undefined
  /** False keeps every request away, at once, until it is true again. Default true. */
  healthy?: boolean | undefined
  /** The model asked for there; default: the request's, else the provider's default. */
  readonly model?: string | undefined
}

/** How the endpoints of a `ModelArray` share requests. */
export interface ModelArrayOptions {
  /** Default round-robin. */
  readonly strategy?: LoadBalancingStrategy
}

/**
 * Endpoints that share the requests of a client.
 *
 * @example
 * ```ts
 * import { AiClient, LoadBalancingStrategy, ModelArray, Provider } from 'ai-lib'
 *
 * const production = new ModelArray('production', { strategy: LoadBalancingStrategy.Weighted })
 *   .addEndpoint({ name: 'us-east-1', url: 'https://api-east.example.com/v1', weight: 1.0 })
 *   .addEndpoint({ name: 'us-west-1', url: 'https://api-west.example.com/v1', weight: 0.8 })
 * export const client = AiClient.withModelArray(Provider.OpenAI, production, { apiKey: 'sk-...' })
 *
 * production.setHealthy('us-west-1', false) // for as long as it is being repaired
 * ```
 */
export class ModelArray {
  readonly name: string
  readonly #endpoints: ModelEndpoint[] = []
  #strategy: LoadBalancingStrategy

  /** @throws AiError `config_invalid` for an empty name or an unknown strategy. */
  constructor(name: string, { strategy = LoadBalancingStrategy.RoundRobin }: ModelArrayOptions = {}) {
    if (typeof name !== 'string' || name === '') throw invalid('name', 'A model array needs a name.')
    this.name = name
    this.#strategy = checkStrategy(strategy)
  }

  get strategy(): LoadBalancingStrategy {
    return this.#strategy
  }

  /** The endpoints, in the order in which they were added. Setting `healthy` on one works at once. */
  get endpoints(): readonly ModelEndpoint[] {
    return this.#endpoints
  }

  /** Changes the strategy of clients that are made from now on. @throws AiError `config_invalid` where it is unknown. */
  withStrategy(strategy: LoadBalancingStrategy): this {
    this.#strategy = checkStrategy(strategy)
    return this
  }

  /**
   * Adds an endpoint for clients that are made from now on. The array keeps the object: its `healthy` may change.
   * @throws AiError `config_invalid` for a name that is empty or taken, a URL that is none, a weight that is not above 0.
   */
  addEndpoint(endpoint: ModelEndpoint): this {
    const { name, url, weight = 1 } = endpoint
    if (typeof name !== 'string' || name === '') throw this.#wrong('name', 'an endpoint has no name; give it one')
    if (this.#endpoints.some((other) => other.name === name))
      throw this.#wrong('name', `two endpoints are named ${name}; give them names that differ`)
    const parsed = typeof url === 'string' ? URL.parse(url) : null
    if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:')
      throw this.#wrong('url', `the url of ${name} is no http:// or https:// URL`)
    if (!(typeof weight === 'number' && weight > 0 && weight <= 1_000))
      throw this.#wrong('weight', `the weight of ${name} is not a number above 0, up to 1000`)
    this.#endpoints.push(Object.isFrozen(endpoint) ? { ...endpoint } : endpoint)
    return this
  }

  /**
   * Takes an endpoint out of service by hand, or lets it back in; at once, for all clients of the array.
   * @throws AiError `config_invalid` where no endpoint has the name.
   */
  setHealthy(name: string, healthy: boolean): this {
    const endpoint = this.#endpoints.find((other) => other.name === name)
    if (!endpoint) {
      const names = this.#endpoints.map((other) => other.name)
      throw this.#wrong('name', `no endpoint is named ${name}; there are ${names.join(', ') || 'none'}`)
    }
    endpoint.healthy = healthy
    return this
  }

  #wrong(param: string, message: string): AiError {
    return invalid(param, `Model array ${this.name}: ${message}.`)
  }
}

function checkStrategy(strategy: LoadBalancingStrategy): LoadBalancingStrategy {
  if (Object.hasOwn(balancers, strategy)) return strategy
  const [near] = nearestNames(String(strategy), Object.keys(balancers))
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  throw invalid('strategy', `There is no strategy ${strategy}: one of ${Object.keys(balancers).join(', ')}${hint}`)
}

function invalid(param: string, message: string): AiError {
  return new AiError('config_invalid', { message, param })
}
