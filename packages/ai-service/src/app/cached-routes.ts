// Where a model's name leads, as a short text: an alias that points elsewhere after a change of the configuration must not
// be answered from before, and every other one may be.
import { createHash } from 'node:crypto'
import type { Config, FallbackTarget, ModelConfig, ProviderConfig } from '../config/config.ts'

type Routed = Pick<Config, 'providers' | 'models'>

/** Names are remembered up to this many; clients that make names up cannot grow it further. */
const maxRemembered = 4_096

export function cachedRoutes(config: Routed): (model: string) => string {
  const remembered = new Map<string, string>()
  return (model) => {
    let route = remembered.get(model)
    if (route === undefined) {
      if (remembered.size >= maxRemembered) remembered.clear()
      route = createHash('sha256')
        .update(JSON.stringify(placesOf(model, config)))
        .digest('base64url')
      remembered.set(model, route)
    }
    return route
  }
}

// Keys, limits and timers are left out, because they change no answer.
function placesOf(name: string, config: Routed): unknown {
  const alias = config.models.get(name)
  if (alias) return aliasPlaces(alias, config)
  const named = config.providers.get(name.slice(0, Math.max(0, name.indexOf('/'))))
  // A bare name is looked for at all of them.
  return named ? providerPlace(named) : [...config.providers.values()].map(providerPlace)
}

// Config loading refuses cycles, so this ends.
function aliasPlaces({ endpoints, fallbacks }: ModelConfig, config: Routed): unknown {
  return [
    endpoints.map(({ provider, baseUrl, model }) => [placeOf(provider, config), baseUrl, model]),
    fallbacks.map((fallback) => fallbackPlaces(fallback, config)),
  ]
}

function fallbackPlaces(fallback: FallbackTarget, config: Routed): unknown {
  if (fallback.kind === 'provider-model') return [placeOf(fallback.provider, config), fallback.model]
  const alias = config.models.get(fallback.alias)
  return alias && aliasPlaces(alias, config)
}

function placeOf(provider: string, { providers }: Routed): unknown {
  const known = providers.get(provider)
  return known && providerPlace(known)
}

function providerPlace({ name, kind, baseUrl, headers }: ProviderConfig): unknown {
  return [name, kind, baseUrl, headers]
}
