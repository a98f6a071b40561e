// Makes the key rings of all providers: what was loaded serves at once, what may change is read anew while requests run.
import { randomUUID } from 'node:crypto'
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import type { SecretSource } from 'ai-lib/internal/attempts/secret-source'
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import { Secret } from 'ai-lib/internal/errors/secret'
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { Transport } from 'ai-lib/internal/transport/transport'
import type { Config, ProviderConfig, ProviderKey, SecretsConfig, WebhookConfig } from '../config/config.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { DirectoryWatch } from '../secrets/directory-watch.ts'
import type { KeyFeed } from '../secrets/key-feed.ts'
import { KeyWebhook } from '../secrets/key-webhook.ts'
import { type LivePace, liveSource } from '../secrets/live-source.ts'
import type { Environment } from '../secrets/sources.ts'
import { openVault } from '../secrets/vault/open-vault.ts'
import type { VaultClient } from '../secrets/vault/vault-client.ts'
import type { KeyState } from '../telemetry/key-series.ts'
import type { Log } from '../telemetry/log.ts'
import { partKey } from '../config/part-key.ts'
import { proxyVariables } from './proxy-variables.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

/** A ring with a name of its own: one that was closed and one that was opened of the same keys later are two. */
export interface NamedRing {
  readonly id: string
  /** Whose keys these are: what one address says of a key, another need not. */
  readonly place: string
  readonly ring: KeyRing
}

export interface OpenKeyRings {
  /** By the provider's configured name. */
  readonly rings: ReadonlyMap<string, NamedRing>
  /** Told of what happens to keys, where the configuration names an address. */
  readonly webhook: KeyWebhook | undefined
  /** As they are now, for metrics. */
  states(): readonly KeyState[]
  /** Reads every source anew and gives keys that are out another trial. */
  refresh(): Promise<void>
}

/** What key rings of one process share, whatever configuration they were opened for. */
export interface KeyRingParts {
  readonly rings: SharedParts<NamedRing>
  readonly vaults: SharedParts<VaultClient>
  readonly webhooks: SharedParts<KeyWebhook>
  /** What happens to keys, for whoever wants to know. */
  readonly feed: KeyFeed
  readonly folders: DirectoryWatch
  readonly env: Environment
  readonly log: Log
  readonly redactor: Redactor
}

export interface KeyRingSources {
  readonly config: Config
  readonly transport: Transport
  /** Those of the configuration before: a key that was refused does not come back because the list beside it changed. */
  readonly former: OpenKeyRings | undefined
}

export function openKeyRings(sources: KeyRingSources, parts: KeyRingParts, leases: Leases): OpenKeyRings {
  const { config, transport, former } = sources
  const onSecret = (secret: Secret): void => parts.redactor.add(secret)
  const settings = usesVault(config) ? config.secrets.vault : undefined
  const vaultKey = partKey(settings, config.server.dns)
  const vault =
    settings && leases.take(parts.vaults, vaultKey, () => openVault(transport, { settings, env: parts.env, onSecret }))
  const webhook = config.secrets.webhook && openWebhook(config, config.secrets.webhook, transport, parts, leases)
  const rings = new Map<string, NamedRing>()
  for (const provider of config.providers.values()) {
    const place = partKey(provider.kind, provider.baseUrl)
    const known = former?.rings.get(provider.name)
    const before = known?.place === place ? known.ring : undefined
    const reading = { secrets: config.secrets, vault, folders: parts.folders, onSecret }
    const key = ringKey(provider, config.secrets.files, vaultKey)
    const ring = leases.take(parts.rings, key, () => ({
      id: randomUUID(),
      place,
      ring: openRing(provider, reading, parts.feed, before),
    }))
    rings.set(provider.name, ring)
  }
  return {
    rings,
    webhook,
    states: () => statesOf(rings),
    refresh: async () => void (await Promise.all([...rings.values()].map(({ ring }) => ring.refresh()))),
  }
}

/** A live key is named by its place: the ring itself follows what stands there, and new values prove themselves first. */
function ringKey({ name, kind, baseUrl, keys }: ProviderConfig, files: LivePace, vaultKey: string): string {
  const listed = keys.map(({ source, secret, ...key }) => ({ ...key, from: source ?? secret }))
  return partKey(name, kind, baseUrl, listed, files, vaultKey)
}

function openRing(
  { name: provider, keys }: ProviderConfig,
  reading: SourceParts,
  feed: KeyFeed,
  former: KeyRing | undefined,
): KeyRing {
  const listed = keys.map((key) => ({ ...key, ...secretOf(key, reading) }))
  const onKeyRotation = (event: KeyEvent): void => feed.publish({ timeMs: systemClock.dateMs(), provider, event })
  const ring = new KeyRing(listed, { onKeyRotation }, systemClock.nowMs)
  if (former) ring.pool.inherit(former.pool)
  return ring
}

function usesVault({ providers }: Config): boolean {
  return [...providers.values()].some(({ keys }) => keys.some(({ source }) => source?.kind === 'vault'))
}

interface SourceParts {
  readonly secrets: SecretsConfig
  readonly vault: VaultClient | undefined
  readonly folders: DirectoryWatch
  onSecret(secret: Secret): void
}

function secretOf({ secret, source }: ProviderKey, { secrets, vault, folders, onSecret }: SourceParts) {
  if (source === undefined) return { secret }
  const pace = source.kind === 'vault' && secrets.vault ? secrets.vault : secrets.files
  const { refreshMs, maxAgeMs } = pace
  const live = liveSource(source, { vault, folders, pace: { refreshMs, maxAgeMs } })
  return { secret: scrubbed(live, onSecret), initial: secret }
}

// Before a new value can reach a log line it must be known to what cleans them.
function scrubbed(source: SecretSource, onSecret: (secret: Secret) => void): SecretSource {
  return {
    ...source,
    read: async (signal) => {
      const value = await source.read(signal)
      const secret = typeof value === 'string' ? new Secret(value) : value
      onSecret(secret)
      return secret
    },
  }
}

function openWebhook(
  { environmentProxy, server }: Config,
  config: WebhookConfig,
  transport: Transport,
  { webhooks, log }: KeyRingParts,
  leases: Leases,
): KeyWebhook {
  const url = new URL(config.url.url.reveal())
  const proxy = resolveProxy({ origin: url.origin, environment: proxyVariables(environmentProxy) })
  return leases.take(
    webhooks,
    partKey(config, proxy, server.dns),
    () =>
      new KeyWebhook({
        channel: transport.open({
          origin: url.origin,
          ...(proxy === undefined ? {} : { proxy }),
          allowPrivate: config.allowPrivate,
          poolSize: 1,
        }),
        path: `${url.pathname}${url.search}`,
        secret: config.secret,
        timeoutMs: config.timeoutMs,
        clock: systemClock,
        random: Math.random,
        onLost: (why) =>
          log.warn('an event of a provider key was not delivered', { webhook: config.url.shown, reason: why }),
      }),
  )
}

function statesOf(rings: ReadonlyMap<string, NamedRing>): readonly KeyState[] {
  const nowMs = systemClock.nowMs()
  return [...rings].flatMap(([provider, { ring }]) =>
    ring.states().map(({ name, state }) => {
      // A rest ends by itself, noticed with the next request.
      const isOver = state.kind === 'cooling' && state.untilMs <= nowMs
      return { provider, key: name, state: isOver ? ('ready' as const) : state.kind }
    }),
  )
}
