// Makes upstreams out of the configuration: a channel with its pool and proxy, keys, timers.
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import type { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import { createResolverLookup } from 'ai-lib/internal/transport/resolver-lookup'
import type { HttpTransportParts } from 'ai-lib/internal/transport/http-transport'
import type { Channel, ChannelOptions, ProxySettings, Transport } from 'ai-lib/internal/transport/transport'
import type { Config, EnvironmentProxy, GuardedUrl, ProviderConfig } from '../config/config.ts'

export interface OpenUpstreams {
  /** By configured name. */
  readonly byName: ReadonlyMap<string, Upstream>
  /** The upstream of a provider at another address, sharing its keys. */
  at(provider: string, baseUrl: string): Upstream
  /** Requests that wait for a socket, by provider; the endpoints of one provider are added up. */
  waiting(): ReadonlyMap<string, number>
  close(): Promise<void>
}

/** How names are looked up, where the configuration says. */
export function transportParts({ server: { dns } }: Config): HttpTransportParts {
  return dns === undefined ? {} : { lookup: createResolverLookup(dns) }
}

/** @param simulatorUrl where the built-in simulator listens, if any provider is it. */
export function openUpstreams(
  config: Config,
  transport: Transport,
  rings: ReadonlyMap<string, KeyRing>,
  simulatorUrl: string | undefined,
): OpenUpstreams {
  const channels: Channel[] = []
  const waiting = new Map([...config.providers.keys()].map((name) => [name, 0]))
  const open = (provider: ProviderConfig, baseUrl: string, keys: KeyPool): Upstream => {
    const url = new URL(baseUrl)
    const channel = transport.open({
      ...channelOptions(provider, url.origin, config.environmentProxy),
      onWaiting: (change) => void waiting.set(provider.name, (waiting.get(provider.name) ?? 0) + change),
    })
    channels.push(channel)
    return upstreamOf(provider, channel, url, keys)
  }
  const byName = new Map<string, Upstream>()
  // Two endpoints at one address are one upstream: they share connections, and what is known of its health.
  const byAddress = new Map<string, Upstream>()
  for (const [name, provider] of config.providers) {
    const keys = rings.get(name)?.pool ?? new KeyPool([])
    const address = addressOf(provider, simulatorUrl)
    const upstream = open(provider, address, keys)
    byName.set(name, upstream)
    byAddress.set(`${name} ${address}`, upstream)
  }
  return {
    byName,
    at(name, baseUrl) {
      const provider = config.providers.get(name)
      const standing = byName.get(name)
      if (!provider || !standing) throw new AiError('config_invalid', { message: `No provider ${name}.` })
      const known = byAddress.get(`${name} ${baseUrl}`)
      if (known) return known
      const upstream = open(provider, baseUrl, standing.keys)
      byAddress.set(`${name} ${baseUrl}`, upstream)
      return upstream
    },
    waiting: () => waiting,
    async close() {
      await Promise.all(channels.map((channel) => channel.close()))
    },
  }
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

function upstreamOf(provider: ProviderConfig, channel: Channel, url: URL, keys: KeyPool): Upstream {
  if (!provider.spec) throw new AiError('config_invalid', { message: `Provider ${provider.name} has no data file.` })
  const { headMs, firstTokenMs, idleMs, totalMs, streamTotalMs } = provider.timeouts
  return {
    spec: { ...provider.spec, name: provider.name },
    channel,
    basePath: url.pathname.replace(/\/+$/, ''),
    headers: provider.headers,
    keys,
    timeouts: { headMs, firstTokenMs, idleMs, totalMs, ...(streamTotalMs === undefined ? {} : { streamTotalMs }) },
    retryBudget: new RetryBudget(),
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

/** As a process has them, for `resolveProxy`. */
export function proxyVariables({ http, https, no }: EnvironmentProxy): Readonly<Record<string, string | undefined>> {
  const reveal = (url: GuardedUrl | undefined): string | undefined => url?.url.reveal()
  return { http_proxy: reveal(http), https_proxy: reveal(https), no_proxy: no }
}
