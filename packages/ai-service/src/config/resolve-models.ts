// Fills in `models:`: endpoints that exist, fallbacks that lead somewhere and never in a circle.
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { Building } from './building.ts'
import type { EndpointConfig, FallbackTarget, ModelConfig, ProviderConfig } from './config.ts'
import { didYouMean } from './nearest.ts'
import { formatPath, type Path } from './problem.ts'
import { readAddress } from './resolve-address.ts'
import type { ConfigFile } from './schema.ts'
import { withoutSlash } from './url-value.ts'

type ModelEntry = NonNullable<ConfigFile['models']>[string]
const probeDefaults = { intervalMs: 30_000, timeoutMs: 5_000 } as const

type Providers = ReadonlyMap<string, ProviderConfig>

export async function resolveModels(providers: Providers, building: Building): Promise<Map<string, ModelConfig>> {
  const entries = Object.entries(building.file.models ?? {})
  const models = new Map<string, ModelConfig>()
  for (const [name, entry] of entries) {
    models.set(name, {
      name,
      strategy: entry.strategy ?? 'round-robin',
      endpoints: await resolveEndpoints(name, entry, providers, building),
      fallbacks: resolveFallbacks(name, entry, providers, building),
      health: {
        intervalMs: entry.health?.interval ?? probeDefaults.intervalMs,
        timeoutMs: entry.health?.timeout ?? probeDefaults.timeoutMs,
        probe: entry.health?.probe ?? 'none',
      },
    })
  }
  for (const model of models.values()) warnOfSilence(model, building)
  refuseCycles(models, building)
  return models
}

async function resolveEndpoints(model: string, entry: ModelEntry, providers: Providers, building: Building) {
  const endpoints: EndpointConfig[] = []
  for (const [index, endpoint] of entry.endpoints.entries()) {
    const path: Path = ['models', model, 'endpoints', index]
    const provider = providers.get(endpoint.provider)
    if (provider === undefined) {
      const message = `found a provider that is not configured${howToConfigure(endpoint.provider, providers, building)}`
      building.findings.problem([...path, 'provider'], message)
    }
    const name = endpoint.name ?? `${endpoint.provider}-${index + 1}`
    if (endpoints.some((other) => other.name === name)) {
      building.findings.problem([...path, 'name'], 'found a name that another endpoint has, expected names that differ')
    }
    // Of an unknown provider nothing is known, so its address is not judged as well.
    const isPrivate = provider?.allowPrivate ?? true
    const url =
      endpoint.url === undefined ? undefined : await readAddress(endpoint.url, [...path, 'url'], isPrivate, building)
    endpoints.push({
      name,
      provider: endpoint.provider,
      ...(url === undefined ? {} : { baseUrl: withoutSlash(url) }),
      model: endpoint.model,
      weight: endpoint.weight ?? 1,
      healthy: endpoint.healthy ?? true,
    })
  }
  return endpoints
}

// Valid, because an operator may want just that for an hour; but then every request is refused.
function warnOfSilence({ name, endpoints, fallbacks }: ModelConfig, { findings }: Building): void {
  if (fallbacks.length === 0 && endpoints.every(({ healthy }) => !healthy))
    findings.warn(`models.${name} serves nothing: every endpoint is marked healthy: false, and there is no fallback.`)
}

function resolveFallbacks(
  model: string,
  entry: ModelEntry,
  providers: Providers,
  building: Building,
): FallbackTarget[] {
  const aliases = building.file.models ?? {}
  return (entry.fallbacks ?? []).flatMap((text, index): FallbackTarget[] => {
    if (Object.hasOwn(aliases, text)) return [{ kind: 'alias', alias: text }]
    const path: Path = ['models', model, 'fallbacks', index]
    const slash = text.indexOf('/')
    const provider = text.slice(0, Math.max(slash, 0))
    const name = text.slice(slash + 1)
    if (slash > 0 && name !== '' && providers.has(provider)) return [{ kind: 'provider-model', provider, model: name }]
    if (slash > 0 && name !== '' && building.specs.has(provider)) {
      const how = howToConfigure(provider, providers, building)
      building.findings.warn(`${formatPath(path)} is left out: its provider is not configured${how}.`)
      return []
    }
    const hint = didYouMean(slash > 0 ? provider : text, [...Object.keys(aliases), ...providers.keys()])
    building.findings.problem(path, `found neither an alias nor provider/model of a configured provider${hint}`)
    return []
  })
}

function howToConfigure(name: string, providers: Providers, { specs }: Building): string {
  const spec: ProviderSpec | undefined = specs.get(name)
  const variable = spec?.keyVariables[0]
  if (variable !== undefined) return `, expected providers.${name} or ${variable} in the environment`
  return `${didYouMean(name, providers.keys())}`
}

function refuseCycles(models: ReadonlyMap<string, ModelConfig>, { findings }: Building): void {
  const done = new Set<string>()
  const visit = (name: string, trail: readonly string[]): void => {
    if (done.has(name)) return
    for (const [index, target] of (models.get(name)?.fallbacks ?? []).entries()) {
      if (target.kind !== 'alias') continue
      const start = [...trail, name].indexOf(target.alias)
      if (start >= 0) {
        const circle = [...[...trail, name].slice(start), target.alias].join(' -> ')
        findings.problem(['models', name, 'fallbacks', index], `found a circle: ${circle}`)
      } else visit(target.alias, [...trail, name])
    }
    done.add(name)
  }
  for (const name of models.keys()) visit(name, [])
}
