// Makes the router out of the configuration: aliases with their endpoints and fallbacks, flattened.
import { roundRobin } from 'ai-lib/internal/attempts/balancers/round-robin'
import { findModel, modelsOf, providersOfBareModel } from 'ai-lib/internal/catalog/catalogue'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import type { Config, FallbackTarget, ModelConfig } from '../config/config.ts'
import { type Alias, type AliasMember, type ModelFacts, Router } from '../exchange/route.ts'
import type { OpenUpstreams } from './open-upstreams.ts'

export function openRouter(config: Config, upstreams: OpenUpstreams): Router {
  const endpoints = new Map([...config.models.values()].map((model) => [model.name, endpointsOf(model, upstreams)]))
  const aliases = new Map<string, Alias>()
  for (const model of config.models.values()) {
    const fallbacks = model.fallbacks.flatMap((fallback) => fallbackMembers(fallback, config, endpoints, upstreams))
    aliases.set(model.name, {
      name: model.name,
      balancer: roundRobin,
      endpoints: endpoints.get(model.name) ?? [],
      fallbacks,
    })
  }
  return new Router({ upstreams: upstreams.byName, aliases, facts: factsOf(config) })
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

function endpointsOf(model: ModelConfig, upstreams: OpenUpstreams): readonly AliasMember[] {
  return model.endpoints.map((endpoint) => ({
    endpoint: `${model.name}/${endpoint.name}`,
    upstream:
      endpoint.baseUrl === undefined
        ? known(endpoint.provider, upstreams)
        : upstreams.at(endpoint.provider, endpoint.baseUrl),
    model: endpoint.model,
  }))
}

// Config loading refuses cycles, so this ends.
function fallbackMembers(
  fallback: FallbackTarget,
  config: Config,
  endpoints: ReadonlyMap<string, readonly AliasMember[]>,
  upstreams: OpenUpstreams,
): readonly AliasMember[] {
  if (fallback.kind === 'provider-model')
    return [{ endpoint: fallback.provider, upstream: known(fallback.provider, upstreams), model: fallback.model }]
  const further = config.models.get(fallback.alias)?.fallbacks ?? []
  return [
    ...(endpoints.get(fallback.alias) ?? []),
    ...further.flatMap((next) => fallbackMembers(next, config, endpoints, upstreams)),
  ]
}

function known(provider: string, upstreams: OpenUpstreams): Upstream {
  const upstream = upstreams.byName.get(provider)
  if (!upstream) throw new AiError('config_invalid', { message: `No provider ${provider}.` })
  return upstream
}
