// Fills in `providers:`: which data file, and how to reach it: headers, proxy, certificates, pools and timers.
import { openaiCompatible } from 'ai-lib/internal/providers/openai-compatible'
import type { ProviderSpec } from 'ai-lib/internal/providers/provider'
import { type Building, variable } from './building.ts'
import type { ProviderConfig, ProviderTimeouts, ProxyChoice } from './config.ts'
import { NOT_YET } from './field.ts'
import { nearest } from './nearest.ts'
import type { Path } from './problem.ts'
import { resolveAddress } from './resolve-address.ts'
import { resolveKeys } from './resolve-keys.ts'
import { type ProviderDefaults, readPemFile } from './resolve-server.ts'
import { readProxyUrl, readUrlValue, withoutSlash } from './url-value.ts'
import type { ProviderEntry, Wanted } from './wanted.ts'

const LATER_PROVIDERS = ['bedrock', 'vertex', 'replicate']

/** The data file behind a provider of the file; `undefined` once its problem is noted. */
export function findSpec(name: string, entry: ProviderEntry, { specs, findings }: Building): ProviderSpec | undefined {
  const kind = entry.kind ?? name
  if (kind === 'openai-compatible') return openaiCompatible(name)
  const spec = specs.get(kind)
  if (spec !== undefined) return spec
  const path: Path = entry.kind === undefined ? ['providers', name] : ['providers', name, 'kind']
  const at = entry.kind === undefined ? 'key' : 'value'
  if (LATER_PROVIDERS.includes(kind)) {
    findings.problem(path, `${NOT_YET}: the provider ${kind}`, at)
    return undefined
  }
  const near = nearest(kind, specs.keys())
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  findings.problem(path, `found no known provider, expected one, or kind: openai-compatible with a baseUrl${hint}`, at)
  return undefined
}

export async function resolveProvider(
  wanted: Wanted,
  defaults: ProviderDefaults,
  building: Building,
): Promise<ProviderConfig> {
  const { name, entry, spec } = wanted
  const path: Path = ['providers', name]
  const kind = entry.kind ?? name
  const address = await resolveAddress(wanted, building)
  const keys = await resolveKeys(wanted, building)
  return {
    name,
    kind,
    spec,
    ...(address === undefined ? {} : { baseUrl: withoutSlash(address.url) }),
    keys,
    headers: resolveHeaders(entry, [...path, 'headers'], building),
    proxy: await resolveProxy(entry, path, building),
    ca: await resolveCa(entry, path, building),
    allowPrivate: address?.isPrivate ?? kind === 'simulator',
    // A trace that ends here is nobody's to go on with; one that we record leads to where it goes on.
    traceContext: entry.traceContext ?? (defaults.isTraced && (address?.isPrivate ?? kind === 'simulator')),
    poolSize: entry.poolSize ?? defaults.poolSize,
    idleTimeoutMs: entry.idleTimeout ?? defaults.idleTimeoutMs,
    keepAlive: entry.keepAlive ?? true,
    queue: {
      max: entry.queue?.max ?? 1_000,
      timeoutMs: entry.queue?.timeout ?? 30_000,
      callerShare: entry.queue?.callerShare ?? 1,
    },
    timeouts: resolveTimeouts(entry, defaults),
  }
}

function resolveTimeouts({ timeouts = {} }: ProviderEntry, { timeoutMs }: ProviderDefaults): ProviderTimeouts {
  return {
    connectMs: timeouts.connect ?? 5_000,
    headMs: timeouts.head ?? 60_000,
    firstTokenMs: timeouts.firstToken ?? timeoutMs ?? 300_000,
    idleMs: timeouts.idle ?? 300_000,
    totalMs: timeouts.total ?? timeoutMs ?? 600_000,
    ...(timeouts.total === undefined ? {} : { streamTotalMs: timeouts.total }),
  }
}

const OURS =
  /^(?:authorization|x-api-key|api-key|x-goog-api-key|host|content-length|transfer-encoding|connection|proxy-.*|cookie)$/

function resolveHeaders(entry: ProviderEntry, path: Path, { findings }: Building): Readonly<Record<string, string>> {
  const headers = Object.entries(entry.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  for (const name of Object.keys(entry.headers ?? {})) {
    if (OURS.test(name.toLowerCase())) {
      findings.problem([...path, name], 'found a header that the service sets itself, expected keys under keys', 'key')
    }
  }
  return Object.fromEntries(headers)
}

async function resolveProxy(entry: ProviderEntry, path: Path, building: Building): Promise<ProxyChoice> {
  if (entry.disableProxy === true) {
    if (entry.proxy !== undefined) {
      building.findings.problem([...path, 'disableProxy'], 'found disableProxy and proxy, expected one of them', 'key')
    }
    return { kind: 'direct' }
  }
  const general = variable(building.env, 'AI_PROXY_URL')
  if (entry.proxy !== undefined) {
    const filled = await readUrlValue(entry.proxy, [...path, 'proxy'], building)
    const proxy = filled === undefined ? undefined : readProxyUrl(filled)
    if (proxy !== undefined) return { kind: 'url', proxy }
    if (filled !== undefined) {
      building.findings.problem(
        [...path, 'proxy'],
        'found no http:// or https:// URL, expected one such as http://proxy:8080',
      )
    }
  } else if (general !== undefined) {
    const proxy = readProxyUrl(general.trim())
    if (proxy !== undefined) return { kind: 'url', proxy }
    building.findings.environmentProblem('AI_PROXY_URL', 'found no http:// or https:// URL, expected one')
  }
  return { kind: 'environment' }
}

async function resolveCa(entry: ProviderEntry, path: Path, building: Building): Promise<readonly string[]> {
  if (entry.ca === undefined) return []
  const pem = await readPemFile(entry.ca, [...path, 'ca'], building)
  return pem === undefined ? [] : [pem]
}
