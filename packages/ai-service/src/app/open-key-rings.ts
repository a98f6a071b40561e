// Makes the key rings of all providers: what was loaded serves at once, what may change is read anew while requests run.
import type { SecretSource } from 'ai-lib/internal/attempts/secret-source'
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import { Secret } from 'ai-lib/internal/errors/secret'
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { Transport } from 'ai-lib/internal/transport/transport'
import type { Config, EnvironmentProxy, ProviderKey, SecretsConfig, WebhookConfig } from '../config/config.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { DirectoryWatch } from '../secrets/directory-watch.ts'
import { KeyFeed } from '../secrets/key-feed.ts'
import { KeyWebhook } from '../secrets/key-webhook.ts'
import { liveSource } from '../secrets/live-source.ts'
import type { Environment } from '../secrets/sources.ts'
import { openVault } from '../secrets/vault/open-vault.ts'
import type { VaultClient } from '../secrets/vault/vault-client.ts'
import type { KeyState } from '../telemetry/key-series.ts'
import type { Log } from '../telemetry/log.ts'
import { proxyVariables } from './open-upstreams.ts'
import { logKeyEvent } from './tell-key-events.ts'

export interface OpenKeyRings {
  /** By the provider's configured name. */
  readonly rings: ReadonlyMap<string, KeyRing>
  /** What happens to keys, for whoever wants to know. */
  readonly feed: KeyFeed
  /** As they are now, for metrics. */
  states(): readonly KeyState[]
  /** Reads every source anew and gives keys that are out another trial. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface KeyRingParts {
  readonly config: Config
  readonly env: Environment
  readonly transport: Transport
  readonly log: Log
  readonly redactor: Redactor
}

export function openKeyRings({ config, env, transport, log, redactor }: KeyRingParts): OpenKeyRings {
  const feed = new KeyFeed()
  const folders = new DirectoryWatch()
  const onSecret = (secret: Secret): void => redactor.add(secret)
  const settings = usesVault(config) ? config.secrets.vault : undefined
  const vault = settings && openVault(transport, { settings, env, onSecret })
  const webhook = config.secrets.webhook && openWebhook(config.secrets.webhook, config.environmentProxy, transport, log)
  feed.subscribe((told) => logKeyEvent(log, told))
  if (webhook) feed.subscribe((told) => webhook.tell(told))
  const rings = new Map<string, KeyRing>()
  for (const { name: provider, keys } of config.providers.values()) {
    const parts = { secrets: config.secrets, vault, folders, onSecret }
    const listed = keys.map((key) => ({ ...key, ...secretOf(key, parts) }))
    const onKeyRotation = (event: Parameters<typeof feed.publish>[0]['event']): void =>
      feed.publish({ timeMs: systemClock.dateMs(), provider, event })
    rings.set(provider, new KeyRing(listed, { onKeyRotation }, systemClock.nowMs))
  }
  return {
    rings,
    feed,
    states: () => statesOf(rings),
    refresh: async () => void (await Promise.all([...rings.values()].map((ring) => ring.refresh()))),
    async close() {
      for (const ring of rings.values()) ring.close()
      await Promise.all([vault?.close(), webhook?.close()])
    },
  }
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

function openWebhook(config: WebhookConfig, environment: EnvironmentProxy, transport: Transport, log: Log): KeyWebhook {
  const url = new URL(config.url.url.reveal())
  const proxy = resolveProxy({ origin: url.origin, environment: proxyVariables(environment) })
  return new KeyWebhook({
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
  })
}

function statesOf(rings: ReadonlyMap<string, KeyRing>): readonly KeyState[] {
  const nowMs = systemClock.nowMs()
  return [...rings].flatMap(([provider, ring]) =>
    ring.states().map(({ name, state }) => {
      // A rest ends by itself, noticed with the next request.
      const isOver = state.kind === 'cooling' && state.untilMs <= nowMs
      return { provider, key: name, state: isOver ? ('ready' as const) : state.kind }
    }),
  )
}
