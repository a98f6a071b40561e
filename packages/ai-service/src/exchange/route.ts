// Resolves a model's name to targets: an alias, `provider/model`, or a bare name that one configured provider has.
import type { Balancer } from 'ai-lib/internal/attempts/balancers/balancer'
import type { BreakerState } from 'ai-lib/internal/attempts/breaker'
import type { EndpointHealth } from 'ai-lib/internal/attempts/endpoint-health'
import type { HealthBook } from 'ai-lib/internal/attempts/health-book'
import { type HealthMark, type Target, unweighed, type Upstream } from 'ai-lib/internal/attempts/target'
import { TargetPool } from 'ai-lib/internal/attempts/target-pool'
import { TargetRoute } from 'ai-lib/internal/attempts/target-route'
import { comparablePrice } from 'ai-lib/internal/catalog/prices'
import type { CatalogueModel } from 'ai-lib/internal/catalog/catalogue'
import { nearestNames } from 'ai-lib/internal/catalog/nearest-names'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { chooseLane } from 'ai-lib/internal/lanes/choose-lane'

/** An endpoint or fallback of an alias. */
export interface AliasMember {
  /** Name for headers, logs and metrics. */
  readonly endpoint: string
  readonly upstream: Upstream
  readonly model: string
  /** Default 1. */
  readonly weight?: number
  readonly mark?: HealthMark
}

/** Members that share requests by one strategy. */
export interface MemberPool {
  readonly balancer: Balancer
  readonly members: readonly AliasMember[]
}

export interface Alias {
  readonly name: string
  /** Its endpoints; then, each tried once nothing before it is left, its fallbacks. */
  readonly pools: readonly MemberPool[]
}

/** What is asked of the catalogue. */
export interface ModelFacts {
  find(provider: string, model: string): CatalogueModel | undefined
  /** Built-in providers that have exactly this model. */
  providersOf(model: string): readonly string[]
  modelsOf(provider: string): readonly CatalogueModel[]
  /** The variable that would configure a built-in provider. */
  keyVariableOf(provider: string): string | undefined
}

export interface RouterParts {
  /** By configured name. */
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly aliases: ReadonlyMap<string, Alias>
  readonly facts: ModelFacts
  readonly health: HealthBook
}

/** Names are remembered, logged and told in a header: one that no provider could have is unknown at once. */
const maxNameLength = 512

/** Nearest names that are told. */
const maxNear = 3

/** Resolved names are remembered up to this many; clients that make names up cannot grow it further. */
const maxRemembered = 4_096

export class Router {
  readonly #parts: RouterParts
  readonly #remembered = new Map<string, TargetRoute>()
  readonly #knownModels = new Map<string, boolean>()
  /** Models that the configuration names. */
  readonly #configured: ReadonlySet<string>

  constructor(parts: RouterParts) {
    this.#parts = parts
    const members = [...parts.aliases.values()].flatMap(({ pools }) => pools.flatMap((pool) => pool.members))
    const standing = [...parts.upstreams.values()].flatMap(({ spec }) => spec.models ?? [])
    this.#configured = new Set([...members.map(({ model }) => model), ...standing])
  }

  /**
   * Where a request for a model may go; one route for all requests of the name.
   * @throws AiError `caller_model_not_found` with the nearest names, or where no target knows the operation.
   */
  resolve(operation: OperationId, model: string): TargetRoute {
    const key = `${operation} ${model}`
    return this.#remembered.get(key) ?? this.#remember(key, this.#look(operation, model))
  }

  /** Whether a name may be a metrics label: an alias, or a model that the catalogue knows. */
  isKnownModel(provider: string, model: string): boolean {
    const key = `${provider} ${model}`
    const known = this.#knownModels.get(key)
    if (known !== undefined) return known
    if (this.#knownModels.size >= maxRemembered) this.#knownModels.clear()
    const isKnown = this.#configured.has(model) || this.#parts.facts.find(provider, model) !== undefined
    this.#knownModels.set(key, isKnown)
    return isKnown
  }

  #remember(key: string, resolved: TargetRoute): TargetRoute {
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear()
    this.#remembered.set(key, resolved)
    return resolved
  }

  #look(operation: OperationId, model: string): TargetRoute {
    if (model.length > maxNameLength) throw this.#unknown(model.slice(0, maxNameLength))
    const alias = this.#parts.aliases.get(model)
    if (alias) return this.#ofAlias(operation, alias)
    const member = this.#ofProvider(model) ?? this.#ofBareName(model)
    if (!member) throw this.#unknown(model)
    const target = this.#target(operation, member)
    if (!target) throw unsupported(operation, model)
    return TargetRoute.inOrder([target])
  }

  #ofAlias(operation: OperationId, { name, pools }: Alias): TargetRoute {
    const able = pools.flatMap(({ balancer, members }) => {
      const targets = members.flatMap((member) => this.#target(operation, member) ?? [])
      return targets.length === 0 ? [] : [new TargetPool(targets, balancer)]
    })
    if (able.length === 0) throw unsupported(operation, name)
    return new TargetRoute(able)
  }

  // Only the first slash can end a provider's name; model names have slashes of their own.
  #ofProvider(model: string): AliasMember | undefined {
    const slash = model.indexOf('/')
    if (slash <= 0 || slash === model.length - 1) return undefined
    const provider = model.slice(0, slash)
    const upstream = this.#parts.upstreams.get(provider)
    return upstream && { endpoint: provider, upstream, model: model.slice(slash + 1) }
  }

  #ofBareName(model: string): AliasMember | undefined {
    const known = new Set(this.#parts.facts.providersOf(model))
    const having = [...this.#parts.upstreams].filter(
      ([name, upstream]) => known.has(upstream.spec.name) || known.has(name),
    )
    const only = having.length === 1 ? having[0] : undefined
    return only && { endpoint: only[0], upstream: only[1], model }
  }

  #target(operation: OperationId, member: AliasMember): Target | undefined {
    const { endpoint, upstream, model } = member
    const lane = chooseLane(operation, upstream.spec)
    if (lane.kind === 'unsupported') return undefined
    const facts = this.#parts.facts.find(upstream.spec.name, model)
    const { maxOutputTokens } = facts ?? {}
    const price = facts && comparablePrice(facts, Date.now())
    return {
      endpoint,
      upstream,
      model,
      lane,
      ...unweighed(this.#parts.health.of(upstream, model)),
      ...(member.weight === undefined ? {} : { weight: member.weight }),
      ...(member.mark === undefined ? {} : { mark: member.mark }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(price === undefined ? {} : { price }),
    }
  }

  #unknown(model: string): AiError {
    const hint = this.#unconfigured(model) ?? this.#nearest(model)
    return new AiError('caller_model_not_found', {
      message: `"${model.slice(0, 200)}" is unknown. ${hint}`,
      param: 'model',
    })
  }

  // `openai/gpt-4o` where nobody gave a key for openai: its nearest names would lead away from what is missing.
  #unconfigured(model: string): string | undefined {
    const provider = model.slice(0, Math.max(0, model.indexOf('/')))
    const variable = this.#parts.facts.keyVariableOf(provider)
    if (variable === undefined || this.#parts.upstreams.has(provider)) return undefined
    return `The provider ${provider} is not configured here: the operator must set ${variable} or add it under providers.`
  }

  #nearest(model: string): string {
    const names = this.names()
    // Whoever leaves the provider out means the model's own name.
    const bare = new Map<string, string[]>()
    for (const name of names) {
      const own = name.slice(name.indexOf('/') + 1)
      if (own !== name) bare.set(own, [...(bare.get(own) ?? []), name])
    }
    const same = bare.get(model) ?? []
    if (same.length > 1) return `More than one provider has it: name one, ${same.slice(0, maxNear).join(' or ')}.`
    const near = nearestNames(model, [...names, ...bare.keys()], maxNear).flatMap((name) => bare.get(name) ?? [name])
    const told = [...new Set(near)].slice(0, maxNear)
    return told.length > 0 ? `Nearest: ${told.join(', ')}.` : 'GET /v1/models lists what there is.'
  }

  /** The endpoints of an alias, without its fallbacks. */
  endpointsOf(alias: string): readonly AliasMember[] {
    return this.#parts.aliases.get(alias)?.pools[0]?.members ?? []
  }

  /** What an upstream's model is called here: endpoints of aliases, else the provider's name. */
  labelsOf(upstream: Upstream, model: string): readonly string[] {
    const labels = [...this.#parts.aliases.keys()].flatMap((alias) =>
      this.endpointsOf(alias).flatMap((member) =>
        member.upstream === upstream && member.model === model ? [member.endpoint] : [],
      ),
    )
    return labels.length === 0 ? [upstream.spec.name] : labels
  }

  /** How each endpoint of an alias, and each provider as a whole, stands now. */
  standings(): readonly Standing[] {
    const { aliases, upstreams, health } = this.#parts
    const ofAliases = [...aliases.keys()].flatMap((alias) =>
      this.endpointsOf(alias).map(({ endpoint, upstream, model, mark }) =>
        standing(endpoint, [health.of(upstream, model)], mark),
      ),
    )
    return [...ofAliases, ...[...upstreams].map(([name, upstream]) => standing(name, health.at(upstream)))]
  }

  /** Every name that resolves: aliases first, then `provider/model` of the catalogue. */
  names(): readonly string[] {
    return this.list().map(({ id }) => id)
  }

  list(): readonly ListedModel[] {
    const aliases = [...this.#parts.aliases.values()].map(
      (alias): ListedModel => ({ id: alias.name, provider: 'ai-service' }),
    )
    const models = [...this.#parts.upstreams].flatMap(([name, { spec }]) => [
      ...(spec.models ?? []).map((id): ListedModel => ({ id: `${name}/${id}`, provider: name })),
      ...this.#parts.facts
        .modelsOf(name)
        .map((facts): ListedModel => ({ id: `${name}/${facts.id}`, provider: name, facts })),
    ])
    return [...aliases, ...models]
  }
}

export interface Standing {
  readonly endpoint: string
  readonly breaker: BreakerState['kind']
  readonly isHealthy: boolean
}

// A label stands for all models that were asked for there: the worst of them is what somebody should look at.
function standing(endpoint: string, healths: readonly EndpointHealth[], mark: HealthMark = {}): Standing {
  const kinds = new Set(healths.map(({ breaker }) => breaker.kind))
  const breaker = kinds.has('open') ? 'open' : kinds.has('half-open') ? 'half-open' : 'closed'
  return { endpoint, breaker, isHealthy: breaker === 'closed' && mark.healthy !== false }
}

/** One line of `GET /v1/models`. */
export interface ListedModel {
  readonly id: string
  readonly provider: string
  readonly facts?: CatalogueModel
}

function unsupported(operation: OperationId, model: string): AiError {
  return new AiError('caller_route_not_found', {
    message: `No target of "${model.slice(0, 200)}" serves ${operation}.`,
    param: 'model',
  })
}
