// `ai-service keys create`: makes a caller key, prints it once, and the line of YAML that lets it in.
import { Secret } from 'ai-lib/internal/errors/secret'
import { stringify } from 'yaml'
import type { LoadedConfig } from '../config/config.ts'
import { parseDateMs } from '../config/units.ts'
import { createCallerKey, hashCallerKey } from '../keys/caller-key.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, loadOrReport, toJsonLine } from './load-or-report.ts'
import type { Action } from './record-actions.ts'

export interface KeysCreateOptions extends ConfigOptions {
  readonly id?: string
  readonly user?: string
  readonly team?: string
  /** Comma-separated. */
  readonly models?: string
  readonly expires?: string
  readonly json?: boolean
}

export async function keysCreate(parts: CliParts, options: KeysCreateOptions): Promise<number> {
  const wrong = findMistake(options, parts.nowMs())
  if (wrong !== undefined) return refuse(parts, wrong)
  const loaded = await loadOrReport(parts, options)
  if (loaded === undefined) return EXIT.config
  const { auth } = loaded.config
  const id = options.id ?? `k${Buffer.from(parts.randomBytes(6)).toString('hex')}`
  if (auth.keys.some((key) => key.id === id)) return refuse(parts, `--id ${id} is taken in auth.keys.`)
  const key = new Secret(createCallerKey(id, parts.randomBytes(32)))
  const entry = entryOf(id, hashCallerKey(key.reveal(), auth.pepper), options)
  // A key that no configuration file will hold lets nobody in.
  if (loaded.source.kind === 'file') await record(parts, loaded, { action: 'key.created', ...createdFields(entry) })
  const yaml = stringify([entry], { collectionStyle: 'flow', lineWidth: 0 }).trim().slice(1, -1).trim()
  if (options.json === true) parts.stdout.write(toJsonLine({ key: key.reveal(), entry, yaml: `- ${yaml}` }))
  else parts.stdout.write(describe(key.reveal(), yaml, loaded.source.kind === 'file'))
  if (auth.mode === 'none') parts.stderr.write('note: auth.mode is none here; write auth.mode: keys to ask for keys.\n')
  return EXIT.ok
}

function entryOf(id: string, hash: string, { user, team, models, expires }: KeysCreateOptions) {
  return {
    id,
    hash,
    ...(user === undefined ? {} : { user }),
    ...(team === undefined ? {} : { team }),
    ...(models === undefined ? {} : { models: splitList(models) }),
    ...(expires === undefined ? {} : { expires }),
  }
}

/** The entry as the trail has it: whose key it is and what it may do, without its hash. */
function createdFields({ id, hash: _, user, team, ...rest }: ReturnType<typeof entryOf>) {
  return {
    key_id: id,
    ...(user === undefined ? {} : { key_user: user }),
    ...(team === undefined ? {} : { key_team: team }),
    ...rest,
  }
}

// Loaded where it is needed: the trail's code is none that this command has a use for otherwise.
async function record(parts: CliParts, loaded: LoadedConfig, action: Action): Promise<void> {
  const { recordActions } = await import('./record-actions.ts')
  await recordActions(parts, loaded, [action])
}

function describe(key: string, yaml: string, hasFile: boolean): string {
  const otherwise = hasFile
    ? ''
    : '\nOr, without a configuration file: start the service with it as AI_SERVICE_CALLER_KEY.\n'
  return `The key, shown this once:

  ${key}

Add its line under auth.keys of the configuration file, which a running service takes over:

  - ${yaml}
${otherwise}`
}

function findMistake({ id, user, team, models, expires }: KeysCreateOptions, nowMs: number): string | undefined {
  if (id !== undefined && !/^[A-Za-z0-9]{1,32}$/.test(id)) return '--id takes 1 to 32 letters and digits.'
  const printable = /^[\x21-\x7e]{1,128}$/
  if (user !== undefined && !printable.test(user)) return '--user takes up to 128 printable characters without blanks.'
  if (team !== undefined && !printable.test(team)) return '--team takes up to 128 printable characters without blanks.'
  if (models !== undefined && splitList(models).some((model) => !/^[\x21-\x7e]{1,256}$/.test(model))) {
    return '--models takes model names, separated by commas.'
  }
  if (expires === undefined) return undefined
  const expiresMs = parseDateMs(expires)
  if (expiresMs === undefined)
    return '--expires takes a date such as 2027-01-01 or a time such as 2027-01-01T12:00:00Z.'
  return expiresMs <= nowMs ? '--expires lies in the past.' : undefined
}

function splitList(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

function refuse({ stderr }: CliParts, message: string): number {
  stderr.write(`error: ${message}\n`)
  return EXIT.usage
}
