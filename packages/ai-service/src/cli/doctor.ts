// `ai-service doctor`: looks at everything that a start depends on; says what is not well, where, and what to do.
import type { LoadedConfig } from '../config/config.ts'
import { type CliParts, EXIT } from './context.ts'
import { type Finding, well } from './finding.ts'
import { type ConfigOptions, load, reportProblems, toJsonLine } from './load-or-report.ts'
import { lookAtAddresses } from './look-at-addresses.ts'
import { lookAtBackups } from './look-at-backups.ts'
import { lookAtClock } from './look-at-clock.ts'
import { lookAtFolders } from './look-at-folders.ts'
import { lookAtKeys, lookAtVault } from './look-at-keys.ts'
import { lookAtModes } from './look-at-modes.ts'
import { lookAtProviders } from './look-at-providers.ts'
import { lookAtReceiver } from './look-at-receiver.ts'
import { lookAtRuntime } from './look-at-runtime.ts'
import { lookAtTrail } from './look-at-trail.ts'
import { reachShared } from './reach-shared.ts'

export interface DoctorOptions extends ConfigOptions {
  readonly json?: boolean
  /** False with `--no-network`: providers are not contacted. */
  readonly network?: boolean
}

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
  const findings = [...runtime, ...(await lookAtAll(result.loaded, parts, options.network !== false))]
  const ok = findings.every(({ state }) => state !== 'fail')
  if (options.json === true) parts.stdout.write(toJsonLine({ ok, findings }))
  else print(parts, findings)
  return ok ? EXIT.ok : EXIT.notWell
}

async function lookAtAll(loaded: LoadedConfig, parts: CliParts, asksNetwork: boolean): Promise<readonly Finding[]> {
  const { config, source, warnings } = loaded
  const here = [
    well('config', source.kind === 'file' ? source.path : 'environment'),
    ...warnings.map((detail): Finding => ({ what: 'config', state: 'warn', detail })),
    ...(await lookAtModes(loaded)),
    ...lookAtVault(loaded),
    ...lookAtKeys(loaded, parts),
    ...(await lookAtFolders(loaded)),
  ]
  const [trail, addresses, shared, backups, receiver, providers] = await Promise.all([
    lookAtTrail(loaded, asksNetwork, parts.nowMs),
    lookAtAddresses(config),
    asksNetwork ? lookAtSharedStore(loaded) : [],
    asksNetwork ? lookAtBackups(loaded, parts.nowMs()) : [],
    asksNetwork ? lookAtReceiver(config, parts.version) : [],
    asksNetwork ? lookAtProviders(config, parts) : [],
  ])
  const clocks = [...trail.clock, ...providers.flatMap(({ clock }) => clock)]
  return [
    ...here,
    trail.finding,
    ...addresses,
    ...shared,
    ...backups,
    ...receiver,
    ...providers.map(({ finding }) => finding),
    ...lookAtClock(clocks),
  ]
}

async function lookAtSharedStore({ config }: LoadedConfig): Promise<readonly Finding[]> {
  const { shared } = config.stores
  return shared.kind === 'memory' ? [] : [{ what: 'shared store', ...(await reachShared(shared)) }]
}

function print({ stdout }: CliParts, findings: readonly Finding[]): void {
  for (const { what, state, detail, todo } of findings) {
    stdout.write(`${state.padEnd(4)}  ${what}: ${detail}\n`)
    if (todo !== undefined) stdout.write(`      -> ${todo}\n`)
  }
}
