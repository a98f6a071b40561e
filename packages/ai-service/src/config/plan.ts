// The configuration as it may be shown: every default in place, secrets as fingerprints only where asked for.
import { createHash } from 'node:crypto'
import { Secret } from 'ai-lib/internal/errors/secret'
import type {
  BackupSettings,
  Config,
  DatabaseConfig,
  GuardedUrl,
  LoadedConfig,
  ProviderConfig,
  ProxyChoice,
  SecretsConfig,
  SharedStore,
  TelemetryConfig,
} from './config.ts'

/** What `check` prints: plain data without any secret. */
export function describePlan({ config, source, version }: LoadedConfig) {
  const { server } = config
  const { tls, admin, ...rest } = server
  return {
    source: source.kind === 'file' ? source.path : 'environment',
    version,
    demo: config.demo,
    secrets: describeSecrets(config.secrets),
    server: {
      ...rest,
      tls: tls !== undefined,
      admin: { host: admin.host, port: admin.port, credential: admin.credential === undefined ? 'absent' : 'present' },
    },
    providers: [...config.providers.values()].map(describeProvider),
    models: [...config.models.values()],
    auth: {
      mode: config.auth.mode,
      pepper: config.auth.pepper === undefined ? 'absent' : 'present',
      // The hash is what a stolen database would hold: it helps nobody here.
      keys: config.auth.keys.map(({ hash: _, given, ...key }) =>
        given === undefined ? key : { ...key, fingerprint: given.secret.fingerprint, from: given.from },
      ),
    },
    limits: config.limits,
    stores: { database: describeDatabase(config.stores.database), shared: describeShared(config.stores.shared) },
    cache: config.cache ?? 'off',
    backup: describeBackup(config),
    audit: { ...config.audit, signingKey: config.audit.signingKey === undefined ? 'beside the database' : 'present' },
    telemetry: describeTelemetry(config.telemetry),
    reload: config.reload,
    environmentProxy: {
      http: config.environmentProxy.http?.shown,
      https: config.environmentProxy.https?.shown,
      no: config.environmentProxy.no,
    },
  }
}

function describeTelemetry({ traces, ...rest }: TelemetryConfig) {
  if (traces === undefined) return { ...rest, traces: 'off' }
  const { headers, secrets: _, ca, ...told } = traces
  return { ...rest, traces: { ...told, headers: Object.keys(headers), ca: ca.length } }
}

function describeBackup({ backup }: Config) {
  if (backup === undefined) return 'absent'
  const { enabled, intervalMs, retentionDays, target, key, previousKeys } = backup
  const { credentials, ...to } = { credentials: undefined, ...target }
  return {
    enabled,
    intervalMs,
    retentionDays,
    to,
    credentials: credentials === undefined ? 'found by the client' : 'present',
    encrypt: key.fingerprint,
    encryptPrevious: previousKeys.map(({ fingerprint }) => fingerprint),
  }
}

function describeSecrets({ files, vault, webhook }: SecretsConfig) {
  return {
    files,
    ...(vault === undefined ? {} : { vault: { ...vault, ca: vault.ca.length, auth: vault.auth?.kind ?? 'absent' } }),
    ...(webhook === undefined ? {} : { webhook: webhook.url.shown }),
  }
}

function describeProvider(provider: ProviderConfig) {
  const { name, kind, baseUrl, allowPrivate, poolSize, idleTimeoutMs, keepAlive, queue, timeouts } = provider
  return {
    name,
    kind,
    baseUrl: baseUrl ?? 'built in',
    keys: provider.keys.map(({ name: key, weight, secret, source }) => ({
      name: key,
      weight,
      fingerprint: secret.fingerprint,
      rotates: source === undefined ? 'with a restart' : `with ${source.text}`,
    })),
    // A header's value may be a token that somebody put there.
    headers: Object.keys(provider.headers),
    proxy: describeProxy(provider.proxy),
    ca: provider.ca.length,
    allowPrivate,
    traceContext: provider.traceContext,
    poolSize,
    idleTimeoutMs,
    keepAlive,
    queue,
    timeouts,
  }
}

function describeShared(shared: SharedStore) {
  return shared.kind === 'memory' ? shared : { kind: shared.kind, url: shared.url.shown, prefix: shared.prefix }
}

function describeDatabase(database: DatabaseConfig) {
  return database.kind === 'postgres' ? { kind: database.kind, url: database.url.shown } : database
}

function describeProxy(choice: ProxyChoice): string {
  return choice.kind === 'url' ? choice.proxy.shown : choice.kind
}

/**
 * A text that differs where two configurations differ; secrets and certificates go in as hashes. Paths below `folder`
 * are taken from there: the same file is the same configuration wherever it lies.
 */
export function fingerprintConfig(config: Config, folder: string): string {
  const plain = {
    ...config,
    providers: [...config.providers],
    models: [...config.models],
    backup: config.backup && ofAllInstances(config.backup),
  }
  const hashes = secretsOf(config).map((secret) => createHash('sha256').update(secret.reveal()).digest('hex'))
  return JSON.stringify([plain, hashes], (_, value: unknown) => fromFolder(value, folder))
}

// A place of an instance's own is no configuration of its own: `targetOfAll` says what is the same on all.
function ofAllInstances(backup: BackupSettings): BackupSettings {
  const { target, targetOfAll } = backup
  if (targetOfAll === undefined) return backup
  return { ...backup, target: { ...target, ...(target.kind === 's3' ? { bucket: '', prefix: '' } : { path: '' }) } }
}

/** A path below a folder as one that starts there. */
export function fromFolder(value: unknown, folder: string): unknown {
  if (typeof value !== 'string' || !value.startsWith(folder)) return value
  return value.length > folder.length && !/^[\\/]/.test(value.slice(folder.length))
    ? value
    : `.${value.slice(folder.length)}`
}

function secretsOf(config: Config): Secret[] {
  const urls = (url: GuardedUrl | undefined) => (url === undefined ? [] : [url.url])
  return [
    ...[...config.providers.values()].flatMap((provider) => [
      ...provider.keys.map(({ secret }) => secret),
      ...(provider.proxy.kind === 'url' ? [provider.proxy.proxy.url] : []),
    ]),
    ...[
      config.auth.pepper,
      config.server.admin.credential,
      config.server.tls?.key,
      config.audit.signingKey,
      config.secrets.webhook?.secret,
    ].filter((secret) => secret !== undefined),
    ...urls(config.secrets.webhook?.url),
    ...Object.values(config.telemetry.traces?.headers ?? {}).filter((value) => value instanceof Secret),
    ...backupSecrets(config),
    ...(config.stores.database.kind === 'postgres' ? [config.stores.database.url.url] : []),
    ...urls(config.environmentProxy.http),
    ...urls(config.environmentProxy.https),
    ...(config.stores.shared.kind === 'valkey' ? [config.stores.shared.url.url] : []),
  ]
}

/** The keys that seal backups, and what the store of backups asks for. */
export function backupSecrets({ backup }: Config): readonly Secret[] {
  if (backup === undefined) return []
  const credentials = backup.target.kind === 's3' ? backup.target.credentials : undefined
  return [backup.key, ...backup.previousKeys, ...(credentials === undefined ? [] : Object.values(credentials))]
}
