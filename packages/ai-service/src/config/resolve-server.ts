// Fills in `server:` from the file, then the environment, then the defaults.
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { createResolverLookup } from 'ai-lib/internal/transport/resolver-lookup'
import { errorCodeOf, maxSecretBytes, readFault } from '../secrets/sources.ts'
import { type Building, readSecret, variable } from './building.ts'
import type { AdminListener, OverloadConfig, ServerConfig, ServerTimeouts, ServerTls } from './config.ts'
import { HOST } from './field.ts'
import type { Path } from './problem.ts'

const MIB = 1024 * 1024
/** What Kubernetes puts into AI_SERVICE_PORT of every pod beside a Service named `ai-service`. */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\/[0-9a-fA-F.:[\]]+:\d{1,5}$/

/** What `server.*`, its aliases and the environment say for every provider that does not say otherwise. */
export interface ProviderDefaults {
  readonly timeoutMs?: number
  readonly poolSize: number
  readonly idleTimeoutMs: number
  /** Whether spans are recorded. */
  readonly isTraced: boolean
}

export async function resolveServer(building: Building): Promise<ServerConfig> {
  const server = building.file.server ?? {}
  const maxRetries = oneSpelling(building, 'max_retries', 'maxRetries')
  const tls = await resolveTls(building)
  return {
    host: server.host ?? hostVariable(building, 'AI_SERVICE_HOST') ?? '127.0.0.1',
    port: server.port ?? numberVariable(building, 'AI_SERVICE_PORT', 0, 65_535) ?? 8080,
    admin: await resolveAdmin(building),
    metrics: {
      host: server.metrics?.host ?? hostVariable(building, 'AI_SERVICE_METRICS_HOST') ?? '127.0.0.1',
      port: server.metrics?.port ?? numberVariable(building, 'AI_SERVICE_METRICS_PORT', 0, 65_535) ?? 9464,
    },
    workers: 1,
    maxBodyBytes: server.maxBody ?? 32 * MIB,
    ...(server.maxBuffered === undefined ? {} : { maxBufferedBytes: server.maxBuffered }),
    maxConnections: server.maxConnections ?? 20_000,
    shutdownGraceMs: server.shutdownGrace ?? 600_000,
    drainDelayMs: server.drainDelay ?? 5_000,
    commit: { holdMs: server.commit?.hold ?? 15_000, bytes: server.commit?.bytes ?? 256 * 1024 },
    maxRetries: maxRetries ?? 2,
    timeouts: resolveTimeouts(building),
    ...resolveDns(building),
    overload: resolveOverload(building),
    cors: server.cors ?? [],
    ...(tls === undefined ? {} : { tls }),
  }
}

export function resolveProviderDefaults(building: Building, isTraced: boolean): ProviderDefaults {
  const seconds = numberVariable(building, 'AI_TIMEOUT_SECS', 1, 2_147_483)
  const timeoutMs = oneSpelling(building, 'timeout', 'timeout') ?? (seconds === undefined ? undefined : seconds * 1000)
  const poolSize =
    oneSpelling(building, 'pool_size', 'poolSize') ??
    numberVariable(building, 'AI_HTTP_POOL_MAX_IDLE_PER_HOST', 1, 10_000)
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    poolSize: poolSize ?? 1_024,
    idleTimeoutMs: numberVariable(building, 'AI_HTTP_POOL_IDLE_TIMEOUT_MS', 1, 2_147_483_647) ?? 60_000,
    isTraced,
  }
}

function oneSpelling<Key extends 'maxRetries' | 'timeout' | 'poolSize'>(
  { file, findings }: Building,
  alias: 'max_retries' | 'timeout' | 'pool_size',
  key: Key,
): number | undefined {
  const own = file.server?.[key]
  if (own !== undefined && file[alias] !== undefined) {
    findings.problem(
      [alias],
      `found ${alias} and server.${key}, which are the same setting; expected one of them`,
      'key',
    )
  }
  return own ?? file[alias]
}

function resolveTimeouts({ file }: Building): ServerTimeouts {
  const timeouts = file.server?.timeouts ?? {}
  return {
    headersMs: timeouts.headers ?? 10_000,
    bodyMs: timeouts.body ?? 60_000,
    keepAliveMs: timeouts.keepAlive ?? 75_000,
    pingMs: timeouts.ping ?? 15_000,
    writeStallMs: timeouts.writeStall ?? 30_000,
  }
}

function resolveOverload({ file, findings }: Building): OverloadConfig {
  const { enabled = true, memoryLimit, closeAt = 0.92, refuseAt = 0.95, loopDelay = 250 } = file.server?.overload ?? {}
  if (closeAt > refuseAt)
    findings.problem(
      ['server', 'overload', 'closeAt'],
      `found ${closeAt}, expected no more than refuseAt (${refuseAt})`,
    )
  return {
    enabled,
    ...(memoryLimit === undefined ? {} : { memoryLimitBytes: memoryLimit }),
    closeAt,
    refuseAt,
    loopDelayMs: loopDelay,
  }
}

function resolveDns({ file, findings }: Building): Pick<ServerConfig, 'dns'> {
  const dns = file.server?.dns
  if (dns === undefined) return {}
  const config = { servers: dns.servers, timeoutMs: dns.timeout ?? 2_000 }
  try {
    createResolverLookup(config)
  } catch {
    // What it says names the server, which the path does too.
    findings.problem(['server', 'dns', 'servers'], 'found a server that is no IP address, expected addresses')
  }
  return { dns: config }
}

async function resolveAdmin(building: Building): Promise<AdminListener> {
  const admin = building.file.server?.admin ?? {}
  const address = { host: admin.host ?? '127.0.0.1', port: admin.port ?? 8081 }
  if (admin.credential === undefined) return address
  const credential = await readSecret(admin.credential, ['server', 'admin', 'credential'], building)
  building.findings.warn('server.admin: this version has no admin routes yet; the listener stays closed.')
  return credential === undefined ? address : { ...address, credential }
}

async function resolveTls(building: Building): Promise<ServerTls | undefined> {
  const tls = building.file.server?.tls
  if (tls === undefined) return undefined
  const cert = await readPemFile(tls.cert, ['server', 'tls', 'cert'], building)
  const key = await readSecret(tls.key, ['server', 'tls', 'key'], building)
  if (key !== undefined && !key.reveal().includes('PRIVATE KEY-----')) {
    building.findings.problem(['server', 'tls', 'key'], 'found no PEM private key, expected one')
  }
  if (cert === undefined || key === undefined) return undefined
  try {
    createSecureContext({ cert, key: key.reveal() })
  } catch (error) {
    // The code names the fault ("key values mismatch"); the message could quote the file.
    const code = errorCodeOf(error)
    building.findings.problem(
      ['server', 'tls'],
      `found a certificate and key that do not work together (${code})`,
      'key',
    )
  }
  return { cert, key }
}

/** The text of a PEM file of certificates; `undefined` once its problem is noted. */
export async function readPemFile(text: string, path: Path, building: Building): Promise<string | undefined> {
  const file = resolve(building.folder, text.replace(/^file:/, ''))
  building.readFiles.add(file)
  try {
    // A pipe or a device would never end.
    const status = await stat(file)
    if (!status.isFile() || status.size > maxSecretBytes) {
      building.findings.problem(path, 'found something else than a file of 1 MiB at most, expected a PEM file')
      return undefined
    }
    const pem = await readFile(file, 'utf8')
    if (isCertificate(pem)) return pem
    building.findings.problem(path, 'found a file without a PEM certificate, expected one')
  } catch (error) {
    building.findings.problem(path, `found a file that cannot be read (${readFault(error)}), expected a PEM file`)
  }
  return undefined
}

function isCertificate(pem: string): boolean {
  try {
    return pem.includes('-----BEGIN CERTIFICATE-----') && new X509Certificate(pem).raw.length > 0
  } catch {
    // Whatever the parser dislikes, the answer is no.
    return false
  }
}

function hostVariable({ env, findings }: Building, name: string): string | undefined {
  const host = variable(env, name)?.trim()
  if (host === undefined || HOST.test(host)) return host
  findings.environmentProblem(name, 'found something else, expected a host name or address')
  return undefined
}

/** A whole number in a variable; `undefined` where it is not set, or once its problem is noted. */
function numberVariable({ env, findings }: Building, name: string, minimum: number, maximum: number) {
  const text = variable(env, name)
  if (text === undefined) return undefined
  if (SERVICE_LINK.test(text)) {
    findings.note(`${name} is a Kubernetes service link and no setting; enableServiceLinks: false leaves it out.`)
    return undefined
  }
  const value = Number(text)
  if (/^\d{1,10}$/.test(text.trim()) && value >= minimum && value <= maximum) return value
  findings.environmentProblem(name, `found something else, expected a whole number from ${minimum} to ${maximum}`)
  return undefined
}
