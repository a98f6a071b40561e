// Builds the whole configuration from a checked file and the environment: explicit over environment over default.
import { dirname } from 'node:path'
import type { Building } from './building.ts'
import type {
  AuditConfig,
  Config,
  ProviderConfig,
  ReloadConfig,
  SecretsConfig,
  ServerConfig,
  StoresConfig,
} from './config.ts'
import { applyGeneralVariables, environmentProxy, providersOfEnvironment } from './from-environment.ts'
import { endsWith } from './data-folder.ts'
import { resolveAudit } from './resolve-audit.ts'
import { resolveAuth, resolveLimits } from './resolve-auth.ts'
import { resolveCache } from './resolve-cache.ts'
import { resolveBackup } from './resolve-backup.ts'
import { resolveModels } from './resolve-models.ts'
import { findSpec, resolveProvider } from './resolve-providers.ts'
import { resolveProviderDefaults, resolveServer } from './resolve-server.ts'
import { resolveStores } from './resolve-stores.ts'
import { resolveTelemetry } from './resolve-telemetry.ts'
import { isLoopbackHost } from './url-value.ts'
import { warnOfUnserved } from './warn-of-unserved.ts'
import type { Wanted } from './wanted.ts'

/** Only to be used where `building.findings` has no problem afterwards. */
export async function resolveConfig(
  building: Building,
  secrets: SecretsConfig,
  hasFile: boolean,
  nowMs: number,
): Promise<Config> {
  const server = await resolveServer(building)
  const telemetry = await resolveTelemetry(building)
  const { providers, demo } = await resolveProviders(building, telemetry.traces !== undefined, hasFile)
  refuseSelf(server, providers, building)
  refuseSamePort(server, building)
  const backup = await resolveBackup(building)
  const models = await resolveModels(providers, building)
  const auth = await resolveAuth(server, nowMs, building)
  await warnOfUnserved(auth.keys, { providers, models }, building)
  const stores = await resolveStores(building)
  const audit = await resolveAudit(building)
  warnOfShortTrail(stores, audit, building)
  return {
    server,
    secrets,
    providers,
    models,
    auth,
    limits: resolveLimits(building),
    stores,
    cache: resolveCache(building),
    ...(backup === undefined ? {} : { backup }),
    audit,
    telemetry,
    reload: resolveReload(building),
    environmentProxy: environmentProxy(building),
    demo,
  }
}

function resolveReload({ file: { reload = {} } }: Building): ReloadConfig {
  return { watch: reload.watch ?? true, intervalMs: reload.interval ?? 30_000, force: reload.force ?? false }
}

/** In a container a file may end with what it serves: the trail of all requests would go with it. */
function warnOfShortTrail({ database }: StoresConfig, audit: AuditConfig, { mounts, findings }: Building): void {
  if (mounts === undefined || database.kind !== 'sqlite' || !audit.enabled || !audit.sinks.includes('store')) return
  const end = endsWith(database.path, mounts)
  if (end === undefined) return
  findings.warn(
    `The audit trail is in ${dirname(database.path)}, which ends with the ${end}: set stores.database to postgres://…, or mount a volume that outlives it.`,
  )
}

/** One address cannot be listened on twice, and "the port is taken" would send its operator looking for somebody else. */
function refuseSamePort({ port, host, metrics, admin }: ServerConfig, { findings }: Building): void {
  const listeners = [
    { name: 'metrics', ...metrics },
    // Without a credential it is closed, and its port is free.
    ...(admin.credential === undefined ? [] : [{ name: 'admin', ...admin }]),
  ]
  for (const { name, port: other, host: at } of listeners)
    if (other !== 0 && other === port && at === host)
      findings.problem(['server', name, 'port'], `found ${other}, which is server.port already, expected another one`)
}

/** SDKs read OPENAI_BASE_URL too: where it points at this service, the service would call itself without end. */
function refuseSelf(
  server: ServerConfig,
  providers: ReadonlyMap<string, ProviderConfig>,
  { findings }: Building,
): void {
  if (server.port === 0) return
  for (const { name, baseUrl } of providers.values()) {
    const url = baseUrl === undefined ? null : URL.parse(baseUrl)
    const isHere = url !== null && (isLoopbackHost(url.hostname) || url.hostname === server.host)
    if (isHere && Number(url.port) === server.port) {
      findings.problem(['providers', name], 'found the address of this service itself, expected the provider’s', 'key')
    }
  }
}

async function resolveProviders(building: Building, isTraced: boolean, hasFile: boolean) {
  const named = Object.entries(building.file.providers ?? {}).flatMap(([name, entry]): Wanted[] => {
    const spec = findSpec(name, entry, building)
    return spec === undefined ? [] : [{ name, entry, spec }]
  })
  const taken = new Set(Object.keys(building.file.providers ?? {}))
  const fromEnvironment = await providersOfEnvironment(building, taken)
  let wanted = await applyGeneralVariables([...named, ...fromEnvironment], building)
  const demo = wanted.length === 0 && !hasFile
  const simulator = building.specs.get('simulator')
  if (demo && simulator !== undefined) wanted = [{ name: 'simulator', entry: {}, spec: simulator }]
  if (wanted.length === 0 && taken.size === 0) {
    building.findings.warn('No provider is configured: add providers, or set a key variable such as OPENAI_API_KEY.')
  }
  const defaults = resolveProviderDefaults(building, isTraced)
  const providers = new Map<string, ProviderConfig>()
  for (const one of wanted) providers.set(one.name, await resolveProvider(one, defaults, building))
  return { providers, demo }
}
