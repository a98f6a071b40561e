// The configuration as the service uses it: every default filled in, milliseconds, bytes, secrets behind Secret.
import type { Secret } from 'ai-lib/internal/errors/secret'
import type { StrategyName } from 'ai-lib/internal/attempts/balancers/registry'
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import type { CallerKeyEntry } from '../keys/caller-key-entry.ts'
import type { LivePace, LiveReference } from '../secrets/live-source.ts'
import type { VaultSettings } from '../secrets/vault/vault-settings.ts'

export type { CallerKeyEntry } from '../keys/caller-key-entry.ts'

export interface ListenerAddress {
  readonly host: string
  /** 0 switches the admin and metrics listeners off; on the data listener it picks a free port. */
  readonly port: number
}

export interface AdminListener extends ListenerAddress {
  /** Absent: the listener stays closed. */
  readonly credential?: Secret
}

/** How long a client may take, in milliseconds. */
export interface ServerTimeouts {
  readonly headersMs: number
  readonly bodyMs: number
  readonly keepAliveMs: number
  /** How often a silent stream gets an SSE comment. */
  readonly pingMs: number
  /** How long a client may leave written bytes unread. */
  readonly writeStallMs: number
}

export interface ServerTls {
  /** PEM chain. */
  readonly cert: string
  /** PEM key. */
  readonly key: Secret
}

/** When requests are refused because there is too much. */
export interface OverloadConfig {
  readonly enabled: boolean
  /** Absent: what the process may use. */
  readonly memoryLimitBytes?: number
  readonly closeAt: number
  readonly refuseAt: number
  readonly loopDelayMs: number
}

export interface ServerConfig extends ListenerAddress {
  readonly admin: AdminListener
  readonly metrics: ListenerAddress
  readonly workers: 1
  readonly maxBodyBytes: number
  /** Bytes of request bodies held at the same time; absent: a quarter of the memory limit. */
  readonly maxBufferedBytes?: number
  readonly maxConnections: number
  readonly shutdownGraceMs: number
  /** Unready, but still accepting: how long load balancers need to notice. */
  readonly drainDelayMs: number
  readonly commit: { readonly holdMs: number; readonly bytes: number }
  /** Further attempts of any kind after the first. */
  readonly maxRetries: number
  readonly timeouts: ServerTimeouts
  /** Absent: the system's resolver. */
  readonly dns?: { readonly servers: readonly string[]; readonly timeoutMs: number }
  readonly overload: OverloadConfig
  /** Origins of web pages that may call; `*` is refused. */
  readonly cors: readonly string[]
  readonly tls?: ServerTls
}

export interface ProviderKey {
  readonly name: string
  readonly secret: Secret
  readonly weight: number
  /** Where a new value would come from while the service runs. */
  readonly source?: LiveReference
}

/** A URL that may hold a password; `shown` is the same without it. */
export interface GuardedUrl {
  readonly url: Secret
  readonly shown: string
}

export type ProxyChoice =
  | { readonly kind: 'direct' }
  /** As `Config.environmentProxy` says for the origin. */
  | { readonly kind: 'environment' }
  | { readonly kind: 'url'; readonly proxy: GuardedUrl }

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface EnvironmentProxy {
  readonly http?: GuardedUrl
  readonly https?: GuardedUrl
  readonly no?: string
}

export interface ProviderTimeouts {
  readonly connectMs: number
  /** Streams only: a whole answer's head comes with its end. */
  readonly headMs: number
  /** Streams only: the first content. */
  readonly firstTokenMs: number
  readonly idleMs: number
  /** A whole answer. */
  readonly totalMs: number
  /** A stream from first byte sent to last byte received; absent: only `idleMs` bounds it. */
  readonly streamTotalMs?: number
}

/** Requests that wait for a socket. */
export interface QueueConfig {
  readonly max: number
  readonly timeoutMs: number
  /** Of the sockets and of the places in the queue, what one caller may have: above 0, up to 1. */
  readonly callerShare: number
}

export interface ProviderConfig {
  /** The name in the config, and before the slash of `provider/model`. */
  readonly name: string
  /** Name of the data file: `openai`, `openai-compatible`, `simulator`. */
  readonly kind: string
  /** The data file, its name as in the registry. */
  readonly spec: ProviderSpec
  /** Without a slash at the end; absent only for the built-in simulator, which has an address once it runs. */
  readonly baseUrl?: string
  readonly keys: readonly ProviderKey[]
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly proxy: ProxyChoice
  /** PEM certificates trusted besides the system's. */
  readonly ca: readonly string[]
  /** Whether its addresses may be loopback, private or link-local. */
  readonly allowPrivate: boolean
  /** Whether it is told which trace a request belongs to. */
  readonly traceContext: boolean
  readonly poolSize: number
  readonly idleTimeoutMs: number
  readonly keepAlive: boolean
  readonly queue: QueueConfig
  readonly timeouts: ProviderTimeouts
}

export interface EndpointConfig {
  /** Unique within the model. */
  readonly name: string
  readonly provider: string
  /** In place of the provider's base URL. */
  readonly baseUrl?: string
  /** What the provider calls the model. */
  readonly model: string
  readonly weight: number
  /** False: nothing is sent there, whatever its health. */
  readonly healthy: boolean
}

/** Probes of a model's endpoints in the background. */
export interface HealthProbeConfig {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** `none`: health is learnt from traffic alone. */
  readonly probe: 'none' | 'models' | 'chat'
}

export type FallbackTarget =
  | { readonly kind: 'alias'; readonly alias: string }
  | { readonly kind: 'provider-model'; readonly provider: string; readonly model: string }

export interface ModelConfig {
  readonly name: string
  readonly strategy: StrategyName
  readonly endpoints: readonly EndpointConfig[]
  /** Asked in this order once no endpoint is left; no cycles. */
  readonly fallbacks: readonly FallbackTarget[]
  readonly health: HealthProbeConfig
}

export interface AuthConfig {
  readonly mode: 'keys' | 'none'
  readonly pepper?: Secret
  readonly keys: readonly CallerKeyEntry[]
}

export interface LimitRule {
  readonly for: 'key' | 'user' | 'team' | 'global'
  readonly requests?: { readonly count: number; readonly windowMs: number }
  readonly concurrent?: number
}

export type DatabaseConfig =
  /** Absolute path of the file, which is also its `localPath`. */
  | { readonly kind: 'sqlite'; readonly path: string; readonly localPath: string }
  /** `localPath` begins the names of what is kept on this machine: spool, key, signed heads. */
  | {
      readonly kind: 'postgres'
      readonly url: GuardedUrl
      /** What of the URL must not show by itself either: the password. */
      readonly secrets: readonly Secret[]
      readonly localPath: string
    }

export interface StoresConfig {
  readonly database: DatabaseConfig
  readonly shared: SharedStore
}

/** What replicas have together; `memory` is each one's own. */
export type SharedStore =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'valkey'
      readonly url: GuardedUrl
      /** What of the URL must not show by itself either: the password. */
      readonly secrets: readonly Secret[]
      /** Stands before every key, so that deployments can share a server. */
      readonly prefix: string
    }

/** The response cache. */
export interface CacheConfig {
  readonly ttlMs: number
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly maxRequestBytes: number
  readonly scope: 'key' | 'user' | 'team' | 'global'
  readonly waitMs: number
}

export type BackupTarget =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Without slashes at its ends; may be empty. */
      readonly prefix: string
      readonly endpoint?: string
      readonly region?: string
      readonly forcePathStyle?: boolean
      readonly credentials?: {
        readonly accessKeyId: Secret
        readonly secretAccessKey: Secret
        readonly sessionToken?: Secret
      }
    }

export interface BackupSettings {
  /** Whether the service takes backups by itself. */
  readonly enabled: boolean
  readonly intervalMs: number
  readonly retentionDays: number
  readonly target: BackupTarget
  /** Where `target` has this instance's own name in it: what it says on all of them. */
  readonly targetOfAll?: string
  /** 32 bytes, as they were written down. */
  readonly key: Secret
  readonly previousKeys: readonly Secret[]
}

export interface AuditConfig {
  readonly enabled: boolean
  readonly level: 'metadata'
  /** When the start of a request must be on disk. */
  readonly durability: 'answer' | 'upstream' | 'async'
  readonly whenAway: 'block' | 'allow'
  /** PEM of an Ed25519 private key; absent: one is made beside the database. */
  readonly signingKey?: Secret
  readonly sinks: readonly ('store' | 'stdout')[]
  /** Bytes that may wait on this machine while PostgreSQL is away. */
  readonly spoolBytes: number
}

/** Who is told of what happens to provider keys. */
export interface WebhookConfig {
  readonly url: GuardedUrl
  /** Signs each post. */
  readonly secret: Secret
  readonly allowPrivate: boolean
  readonly timeoutMs: number
}

export interface SecretsConfig {
  readonly files: LivePace
  readonly vault?: VaultSettings
  readonly webhook?: WebhookConfig
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** Where spans go, and which. */
export interface TracesConfig {
  /** With its path. */
  readonly endpoint: string
  /** Lower-case names; what is a secret is one. */
  readonly headers: Readonly<Record<string, Secret | string>>
  /** What of the headers must not show by itself either: tokens behind a scheme. */
  readonly secrets: readonly Secret[]
  /** PEM certificates trusted besides the system's. */
  readonly ca: readonly string[]
  /** Of the traces that begin here, the share that is recorded: 0 to 1. */
  readonly sample: number
  /** Whether a caller's decision counts for what it sends. */
  readonly followsParent: boolean
  readonly compression: 'none' | 'gzip'
  /** Spans that may wait. */
  readonly queue: number
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Attributes of the service, over its own. */
  readonly resource: Readonly<Record<string, string>>
}

export interface TelemetryConfig {
  readonly logs: { readonly level: LogLevel }
  readonly metrics: { readonly enabled: boolean }
  /** Absent: nothing is traced. */
  readonly traces?: TracesConfig
}

/** How another configuration is noticed and taken over. */
export interface ReloadConfig {
  readonly watch: boolean
  /** Between looks at the files' content; 0: none. */
  readonly intervalMs: number
  /** Whether one that leaves nothing is taken over. */
  readonly force: boolean
}

export interface Config {
  readonly server: ServerConfig
  readonly secrets: SecretsConfig
  /** By name, in the order of the file; then what the environment alone configured. */
  readonly providers: ReadonlyMap<string, ProviderConfig>
  readonly models: ReadonlyMap<string, ModelConfig>
  readonly auth: AuthConfig
  readonly limits: readonly LimitRule[]
  readonly stores: StoresConfig
  /** Absent: there is none. */
  readonly cache?: CacheConfig | undefined
  readonly audit: AuditConfig
  readonly telemetry: TelemetryConfig
  readonly reload: ReloadConfig
  /** Absent: nothing says where backups go. */
  readonly backup?: BackupSettings
  readonly environmentProxy: EnvironmentProxy
  /** No config file and no provider: the built-in simulator answers, as provider `simulator`. */
  readonly demo: boolean
}

export type ConfigSource =
  /** `text` is the file as it was read. */
  { readonly kind: 'file'; readonly path: string; readonly text: string } | { readonly kind: 'environment' }

/** What a configuration was read from: where one of these changes it may be another. Absolute paths. */
export interface WatchedSources {
  /** The configuration file among them. */
  readonly files: readonly string[]
  /** Where a new file would mean something. */
  readonly folders: readonly string[]
}

/** A configuration that may be started. */
export interface LoadedConfig {
  readonly config: Config
  readonly source: ConfigSource
  /** Where relative paths of the configuration start. */
  readonly folder: string
  /** What an operator should know; no secret in it. */
  readonly warnings: readonly string[]
  /** What is as it should be and yet worth a line in the log. */
  readonly notes: readonly string[]
  /** Absolute paths of the files that secrets were read from. */
  readonly secretFiles: readonly string[]
  /** Absolute paths of the files that stand in for variables and are empty, or cannot be read. */
  readonly blankFiles: readonly string[]
  readonly sources: WatchedSources
  /** Twelve hex digits that change when anything does, a secret's value included, but not with the folder it lies in. */
  readonly version: string
}
