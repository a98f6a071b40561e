// Makes upstreams out of the configuration: a channel with its pool and proxy, keys, timers.
import type { HealthBook } from 'ai-lib/internal/attempts/health-book'
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import { createResolverLookup } from 'ai-lib/internal/transport/resolver-lookup'
import type { HttpTransportParts } from 'ai-lib/internal/transport/http-transport'
import type { Channel, ChannelOptions, ProxySettings, Transport } from 'ai-lib/internal/transport/transport'
import type { Config, EnvironmentProxy, ProviderConfig } from '../config/config.ts'
import type { NamedRing } from './open-key-rings.ts'
import { partKey } from '../config/part-key.ts'
import { proxyVariables } from './proxy-variables.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

export interface OpenUpstreams {
  /** By configured name. */
  readonly byName: ReadonlyMap<string, Upstream>
  /** The upstream of a provider at another address, sharing its keys. */
  at(provider: string, baseUrl: string): Upstream
  /** By provider, kind and address. */
  readonly byPlace: ReadonlyMap<string, Upstream>
  /** What one of these is made of. */
  keyOf(upstream: Upstream): string
  /** Requests that wait for a socket, by provider; the endpoints of one provider are added up. */
  waiting(): ReadonlyMap<string, number>
}

/** How names are looked up, where the configuration says. */
export function transportParts({ server: { dns } }: Config): HttpTransportParts {
  return dns === undefined ? {} : { lookup: createResolverLookup(dns) }
}

/** What upstreams of one process share, whatever configuration they were opened for. */
export interface UpstreamParts {
  readonly channels: SharedParts<Channel>
  readonly upstreams: SharedParts<Upstream>
  /** Requests that wait for a socket, by provider. */
  readonly waiting: Map<string, number>
  readonly book: Pick<HealthBook, 'carryOver'>
}

export interface UpstreamSources {
  readonly config: Config
  readonly transport: Transport
  readonly rings: ReadonlyMap<string, NamedRing>
  /** Where the built-in simulator listens, if any provider is it. */
  readonly simulatorUrl: string | undefined
  /**
   * Those of the configuration before, by place: what is known of the health of a place stays known. A map and not what
   * it belongs to: each configuration would hold the one before it, and that one the one before.
   */
  readonly former: ReadonlyMap<string, Upstream> | undefined
}

export function openUpstreams(sources: UpstreamSources, parts: UpstreamParts, leases: Leases): OpenUpstreams {
  const { config, rings, simulatorUrl, former } = sources
  const byName = new Map<string, Upstream>()
  const keys = new Map<Upstream, string>()
  // Two endpoints at one address are one upstream: they share connections, and what is known of its health.
  const byPlace = new Map<string, Upstream>()
  const open = (provider: ProviderConfig, address: string): Upstream => {
    const { upstream, key } = openUpstream(provider, new URL(address), {
      ...sources,
      ring: rings.get(provider.name),
      known: former?.get(placeOf(provider, address)),
      parts,
      leases,
    })
    keys.set(upstream, key)
    byPlace.set(placeOf(provider, address), upstream)
    return upstream
  }
  for (const [name, provider] of config.providers) byName.set(name, open(provider, addressOf(provider, simulatorUrl)))
  return {
    byName,
    at(name, baseUrl) {
      const provider = config.providers.get(name)
      if (!provider) throw new AiError('config_invalid', { message: `No provider ${name}.` })
      return byPlace.get(placeOf(provider, baseUrl)) ?? open(provider, baseUrl)
    },
    byPlace,
    keyOf: (upstream) => keys.get(upstream) ?? '',
    waiting: () => new Map([...config.providers.keys()].map((name) => [name, parts.waiting.get(name) ?? 0])),
  }
}

function placeOf({ name, kind }: ProviderConfig, address: string): string {
  return `${name} ${kind} ${address}`
}

interface NamedUpstream {
  readonly key: string
  readonly upstream: Upstream
}

interface Opening extends UpstreamSources {
  readonly ring: NamedRing | undefined
  readonly known: Upstream | undefined
  readonly parts: UpstreamParts
  readonly leases: Leases
}

function openUpstream(provider: ProviderConfig, url: URL, opening: Opening): NamedUpstream {
  const { config, transport, ring, known, parts, leases } = opening
  const options = channelOptions(provider, url.origin, config.environmentProxy)
  const channelKey = partKey(provider.name, options, url.pathname, config.server.dns)
  const channel = leases.take(parts.channels, channelKey, () =>
    transport.open({
      ...options,
      onWaiting: (change) => void parts.waiting.set(provider.name, (parts.waiting.get(provider.name) ?? 0) + change),
    }),
  )
  const key = partKey(channelKey, ring?.id, provider.spec, provider.headers, provider.timeouts, provider.traceContext)
  const upstream = leases.take(parts.upstreams, key, () => {
    const keys = ring?.ring.pool ?? new KeyPool([])
    const made = upstreamOf(provider, channel, url, { keys, retryBudget: known?.retryBudget ?? new RetryBudget() })
    if (known) parts.book.carryOver(known, made)
    return made
  })
  return { key, upstream }
}

function channelOptions(provider: ProviderConfig, origin: string, environment: EnvironmentProxy): ChannelOptions {
  const proxy = proxyOf(provider, origin, environment)
  return {
    origin,
    ...(proxy === undefined ? {} : { proxy }),
    ca: provider.ca,
    poolSize: provider.poolSize,
    idleTimeoutMs: provider.idleTimeoutMs,
    keepAlive: provider.keepAlive,
    maxQueued: provider.queue.max,
    queueTimeoutMs: provider.queue.timeoutMs,
    callerShare: provider.queue.callerShare,
    connectTimeoutMs: provider.timeouts.connectMs,
    allowPrivate: provider.allowPrivate,
  }
}

function addressOf(provider: ProviderConfig, simulatorUrl: string | undefined): string {
  const address = provider.baseUrl ?? (simulatorUrl === undefined ? undefined : `${simulatorUrl}/v1`)
  if (address === undefined)
    throw new AiError('config_invalid', { message: `Provider ${provider.name} has no address.` })
  return address
}

function upstreamOf(
  provider: ProviderConfig,
  channel: Channel,
  url: URL,
  { keys, retryBudget }: Pick<Upstream, 'keys' | 'retryBudget'>,
): Upstream {
  if (!provider.spec) throw new AiError('config_invalid', { message: `Provider ${provider.name} has no data file.` })
  const { headMs, firstTokenMs, idleMs, totalMs, streamTotalMs } = provider.timeouts
  return {
    spec: { ...provider.spec, name: provider.name },
    channel,
    basePath: url.pathname.replace(/\/+$/, ''),
    headers: provider.headers,
    keys,
    timeouts: { headMs, firstTokenMs, idleMs, totalMs, ...(streamTotalMs === undefined ? {} : { streamTotalMs }) },
    retryBudget,
    traceContext: provider.traceContext,
  }
}

function proxyOf(provider: ProviderConfig, origin: string, environment: EnvironmentProxy): ProxySettings | undefined {
  switch (provider.proxy.kind) {
    case 'direct':
      return undefined
    case 'url':
      return { url: provider.proxy.proxy.url.reveal() }
    case 'environment':
      return resolveProxy({ origin, environment: proxyVariables(environment) })
  }
}
