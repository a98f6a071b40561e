// Makes the router out of the configuration: aliases with their endpoints and fallbacks, flattened.
import { balancers } from 'ai-lib/internal/attempts/balancers/registry'
import { roundRobin } from 'ai-lib/internal/attempts/balancers/round-robin'
import type { HealthBook } from 'ai-lib/internal/attempts/health-book'
import { findModel, modelsOf, providersOfBareModel } from 'ai-lib/internal/catalog/catalogue'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import type { Config, FallbackTarget, ModelConfig } from '../config/config.ts'
import { type Alias, type MemberPool, type ModelFacts, Router } from '../exchange/route.ts'
import type { OpenUpstreams } from './open-upstreams.ts'

export function openRouter(config: Config, upstreams: OpenUpstreams, health: HealthBook): Router {
  const endpoints = new Map([...config.models.values()].map((model) => [model.name, endpointsOf(model, upstreams)]))
  const aliases = new Map<string, Alias>()
  for (const { name, fallbacks } of config.models.values()) {
    const further = fallbacks.flatMap((fallback) => fallbackPools(fallback, config, endpoints, upstreams))
    aliases.set(name, { name, pools: [...poolsOf(name, endpoints), ...further] })
  }
  return new Router({ upstreams: upstreams.byName, aliases, facts: factsOf(config), health })
}

// A provider of another name may be of a known kind (`kind: openai`): the catalogue knows kinds.
function factsOf(config: Config): ModelFacts {
  const kindOf = (name: string): string => config.providers.get(name)?.kind ?? name
  return {
    find: (provider, model) => findModel(kindOf(provider), model),
    providersOf: (model) => {
      const kinds = new Set(providersOfBareModel(model))
      return [...config.providers.values()].filter(({ kind }) => kinds.has(kind)).map(({ name }) => name)
    },
    modelsOf: (provider) => modelsOf(kindOf(provider)),
    keyVariableOf: (provider) => providerSpecs.get(provider)?.keyVariables[0],
  }
}

function endpointsOf(model: ModelConfig, upstreams: OpenUpstreams): MemberPool {
  const members = model.endpoints.map((endpoint) => ({
    endpoint: `${model.name}/${endpoint.name}`,
    upstream:
      endpoint.baseUrl === undefined
        ? known(endpoint.provider, upstreams)
        : upstreams.at(endpoint.provider, endpoint.baseUrl),
    model: endpoint.model,
    weight: endpoint.weight,
    mark: { healthy: endpoint.healthy },
  }))
  return { balancer: balancers[model.strategy], members }
}

// An alias that is a fallback shares its requests by its own strategy. Config loading refuses cycles, so this ends.
function fallbackPools(
  fallback: FallbackTarget,
  config: Config,
  endpoints: ReadonlyMap<string, MemberPool>,
  upstreams: OpenUpstreams,
): readonly MemberPool[] {
  if (fallback.kind === 'provider-model') {
    const { provider, model } = fallback
    return [{ balancer: roundRobin, members: [{ endpoint: provider, upstream: known(provider, upstreams), model }] }]
  }
  const further = config.models.get(fallback.alias)?.fallbacks ?? []
  return [
    ...poolsOf(fallback.alias, endpoints),
    ...further.flatMap((next) => fallbackPools(next, config, endpoints, upstreams)),
  ]
}

function poolsOf(alias: string, endpoints: ReadonlyMap<string, MemberPool>): readonly MemberPool[] {
  const pool = endpoints.get(alias)
  return pool ? [pool] : []
}

function known(provider: string, upstreams: OpenUpstreams): Upstream {
  const upstream = upstreams.byName.get(provider)
  if (!upstream) throw new AiError('config_invalid', { message: `No provider ${provider}.` })
  return upstream
}
