// `ai-service doctor`: looks at everything that a start depends on and says what is not well.
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Config, ListenerAddress, LoadedConfig, ServerConfig } from '../config/config.ts'
import { errorCodeOf } from '../secrets/sources.ts'
import { askSelf } from './ask-self.ts'
import { type CliParts, EXIT } from './context.ts'
import { counted } from './counted.ts'
import { type ConfigOptions, load, reportProblems, toJsonLine } from './load-or-report.ts'
import { lookAtBackups } from './look-at-backups.ts'
import { lookAtTrail } from './look-at-trail.ts'
import { reach } from './reach.ts'
import { reachShared } from './reach-shared.ts'

export interface DoctorOptions extends ConfigOptions {
  readonly json?: boolean
  /** False with `--no-network`: providers are not contacted. */
  readonly network?: boolean
}

/** One thing looked at. `warn` does not make the whole unwell. */
export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

const NEEDED = { node: '24.15.0', sqlite: '3.51.3' }
const MAX_SKEW_MS = 60_000

export async function doctor(parts: CliParts, options: DoctorOptions): Promise<number> {
  const runtime = lookAtRuntime(parts)
  const result = await load(parts, options)
  if (result.kind === 'invalid') {
    if (options.json === true)
      parts.stdout.write(toJsonLine({ ok: false, findings: runtime, problems: result.problems }))
    else {
      print(parts, runtime)
      reportProblems(parts, result)
    }
    return EXIT.config
  }
  const { loaded } = result
  const findings = [
    ...runtime,
    {
      what: 'config',
      state: 'ok' as const,
      detail: loaded.source.kind === 'file' ? loaded.source.path : 'environment',
    },
    ...loaded.warnings.map((detail) => ({ what: 'config', state: 'warn' as const, detail })),
    ...(await lookAtSecretFiles(loaded)),
    ...lookAtVault(loaded),
    ...lookAtKeys(loaded),
    await lookAtTrail(loaded, options.network !== false),
    ...(await lookAtAddresses(loaded.config)),
    ...(options.network === false ? [] : await lookAtSharedStore(loaded)),
    ...(options.network === false ? [] : await lookAtBackups(loaded, parts.nowMs())),
    ...(options.network === false ? [] : await lookAtProviders(loaded, parts)),
  ]
  const ok = findings.every(({ state }) => state !== 'fail')
  if (options.json === true) parts.stdout.write(toJsonLine({ ok, findings }))
  else print(parts, findings)
  return ok ? EXIT.ok : EXIT.notWell
}

function lookAtRuntime({ version, versions }: CliParts): Finding[] {
  const atLeast = (what: 'node' | 'sqlite'): Finding => {
    const have = versions[what]
    if (have !== undefined && isAtLeast(have, NEEDED[what])) return { what, state: 'ok', detail: have }
    return { what, state: 'fail', detail: `${have ?? 'absent'}; needs ${NEEDED[what]} or newer` }
  }
  return [
    { what: 'ai-service', state: 'ok', detail: version },
    atLeast('node'),
    { what: 'openssl', state: 'ok', detail: versions['openssl'] ?? 'unknown' },
    atLeast('sqlite'),
  ]
}

function lookAtKeys({ config }: LoadedConfig): Finding[] {
  if (config.providers.size === 0) return [{ what: 'providers', state: 'fail', detail: 'none is configured' }]
  return [...config.providers.values()].map(({ name, keys, spec }) => {
    const what = `provider ${name}`
    if (keys.length > 0) return { what, state: 'ok', detail: `${counted(keys.length, 'key')} present` }
    return { what, state: spec.isKeyRequired ? 'fail' : 'ok', detail: spec.isKeyRequired ? 'no key' : 'needs no key' }
  })
}

/** What was asked of Vault was answered, or the configuration would not have loaded. */
function lookAtVault({ config }: LoadedConfig): Finding[] {
  const { vault } = config.secrets
  if (vault === undefined) return []
  const keys = [...config.providers.values()].flatMap((provider) => provider.keys)
  const count = keys.filter(({ source }) => source?.kind === 'vault').length
  const what = `vault ${new URL(vault.address).host}`
  if (count === 0) return [{ what, state: 'ok', detail: 'not asked: no provider key comes from it' }]
  const auth = vault.auth?.kind ?? 'none'
  return [{ what, state: 'ok', detail: `${counted(count, 'provider key')} read, login by ${auth}` }]
}

/** Files of secrets that everybody on the machine may read. */
async function lookAtSecretFiles({ secretFiles }: LoadedConfig): Promise<Finding[]> {
  const findings = await Promise.all(
    secretFiles.map(async (path): Promise<Finding> => {
      try {
        const mode = (await stat(path)).mode & 0o777
        const shown = mode.toString(8).padStart(4, '0')
        if ((mode & 0o004) === 0) return { what: path, state: 'ok', detail: `mode ${shown}` }
        return { what: path, state: 'warn', detail: `mode ${shown}: everybody on this machine may read it` }
      } catch (error) {
        return { what: path, state: 'fail', detail: `cannot be read (${errorCodeOf(error)})` }
      }
    }),
  )
  return findings
}

async function lookAtAddresses({ server, telemetry }: Config): Promise<Finding[]> {
  const data = await lookAtPort(server)
  const { host, port } = server.metrics
  // A service that is alive has taken both.
  if (!telemetry.metrics.enabled || port === 0 || data.detail === alive) return [data]
  const taken = await tryToListen(server.metrics)
  const detail = taken === undefined ? 'free' : `cannot be listened on (${taken})`
  return [data, { what: `metrics address ${host}:${port}`, state: taken === undefined ? 'ok' : 'fail', detail }]
}

const alive = 'in use, by a service that is alive'

async function lookAtPort(server: ServerConfig): Promise<Finding> {
  const what = `address ${server.host}:${server.port}`
  const taken = await tryToListen(server)
  if (taken === undefined) return { what, state: 'ok', detail: 'free' }
  if (taken === 'EADDRINUSE') {
    const answer = await askSelf(server, '/health/live')
    if (answer.kind === 'answered' && answer.status === 200) return { what, state: 'ok', detail: alive }
  }
  return { what, state: 'fail', detail: `cannot be listened on (${taken})` }
}

function tryToListen({ host, port }: ListenerAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(errorCodeOf(error)))
    server.listen({ host: host.replace(/^\[|\]$/g, ''), port }, () => server.close(() => resolve(undefined)))
  })
}

async function lookAtSharedStore({ config }: LoadedConfig): Promise<Finding[]> {
  const { shared } = config.stores
  return shared.kind === 'memory' ? [] : [{ what: 'shared store', ...(await reachShared(shared)) }]
}

async function lookAtProviders({ config }: LoadedConfig, parts: CliParts): Promise<Finding[]> {
  const findings = [...config.providers.values()].map(async (provider): Promise<Finding[]> => {
    const what = `network ${provider.name}`
    if (provider.baseUrl === undefined) return [{ what, state: 'ok', detail: 'built in' }]
    const { host } = new URL(provider.baseUrl)
    const result = await reach(provider, provider.baseUrl, config)
    if (result.kind === 'failed') return [{ what, state: 'fail', detail: `${host} is not reached: ${result.why}` }]
    const reached: Finding = {
      what,
      state: 'ok',
      detail: `${host} answers with status ${result.status} in ${result.tookMs} ms`,
    }
    const skewMs = result.date === undefined ? Number.NaN : Math.abs(parts.nowMs() - Date.parse(result.date))
    if (!(skewMs > MAX_SKEW_MS)) return [reached]
    return [reached, { what: 'clock', state: 'warn', detail: `differs from ${host} by ${Math.round(skewMs / 1000)} s` }]
  })
  return (await Promise.all(findings)).flat()
}

function isAtLeast(have: string, needed: string): boolean {
  const [left, right] = [have, needed].map((version) => version.split('.').map(Number))
  for (const [index, wanted] of (right ?? []).entries()) {
    const part = left?.[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}

function print({ stdout }: CliParts, findings: readonly Finding[]): void {
  for (const { what, state, detail } of findings) stdout.write(`${state.padEnd(4)}  ${what}: ${detail}\n`)
}
