// `ai-service backup now|list|verify`: takes a backup, lists what the store holds, reads all of it.
import type { BackupReport, GenerationReport } from 'ai-lib/internal/backup/backup-config'
import type { Backups } from 'ai-lib/internal/backup/backups'
import type { Manifest } from 'ai-lib/internal/backup/manifest'
import { whyNot } from 'ai-lib/internal/backup/report'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { openObjectStore } from '../backup/object-store.ts'
import { describeKeys, keysName } from '../backup/keys-part.ts'
import { openBackups } from '../backup/open-backups.ts'
import type { LoadedConfig } from '../config/config.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, loadOrReport, toJsonLine } from './load-or-report.ts'
import { recordActions } from './record-actions.ts'

export interface BackupOptions extends ConfigOptions {
  readonly json?: boolean
}

export interface OpenedBackups {
  readonly backups: Backups
  readonly location: string
  readonly loaded: LoadedConfig
  /** Generations that were past their days and went meanwhile. */
  readonly removed: readonly number[]
}

export async function backupNow(parts: CliParts, options: BackupOptions): Promise<number> {
  return withBackups(parts, options, async ({ backups, location, loaded, removed }) => {
    const manifest = await backups.now()
    const { generation } = manifest
    await recordActions(parts, loaded, [
      { action: 'backup.made', generation, to: location },
      ...removed.map((old) => ({ action: 'backup.removed', generation: old, to: location })),
    ])
    if (options.json === true) parts.stdout.write(toJsonLine({ ok: true, to: location, ...shown(manifest) }))
    else parts.stdout.write(`generation ${manifest.generation} at ${location}\n${describeParts(manifest)}`)
    parts.stderr.write(`note: ${keysName} is left out: only the running service knows the state of its keys\n`)
    return EXIT.ok
  })
}

export async function backupList(parts: CliParts, options: BackupOptions): Promise<number> {
  return withBackups(parts, options, async ({ backups, location }) =>
    print(parts, options, location, await backups.list(), 'complete'),
  )
}

export async function backupVerify(parts: CliParts, generation: string | undefined, options: BackupOptions) {
  const number = readGeneration(generation)
  if (number === 'wrong') return refuse(parts)
  return withBackups(parts, options, async ({ backups, location }) =>
    print(parts, options, location, await backups.verify(number), 'verified'),
  )
}

/** `undefined`: none was named. */
export function readGeneration(text: string | undefined): number | undefined | 'wrong' {
  if (text === undefined) return undefined
  return /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : 'wrong'
}

export function refuse({ stderr }: CliParts): number {
  stderr.write('error: a generation is a number, as `ai-service backup list` shows it.\n')
  return EXIT.usage
}

/** Loads the configuration, opens the store, and turns what goes wrong into words and an exit code. */
export async function withBackups(
  parts: CliParts,
  options: BackupOptions,
  work: (opened: OpenedBackups) => Promise<number>,
): Promise<number> {
  const loaded = await loadOrReport(parts, options)
  if (loaded === undefined) return EXIT.config
  const settings = loaded.config.backup
  if (settings === undefined) {
    const where = loaded.source.kind === 'file' ? loaded.source.path : 'environment'
    parts.stderr.write(`${where} backup: found no backup section, expected one with to and encrypt\n`)
    return EXIT.config
  }
  const storage = openObjectStore(settings.target)
  const notes: string[] = []
  const removed: number[] = []
  const backups = openBackups({
    loaded,
    settings,
    storage,
    onEvent(event) {
      if (event.type === 'generation-removed') {
        removed.push(event.generation)
        notes.push(`generation ${event.generation} is past its days: removed`)
      }
      if (event.type === 'upkeep-failed')
        notes.push(`the backup is good, what follows one failed: ${messageOf(event.error)}`)
      if (event.type === 'rollback-noticed')
        notes.push(
          `generation ${event.known} was written from here, and ${event.newest} was the newest at ${storage.location}: the store was set back, or some were removed`,
        )
    },
  })
  try {
    return await work({ backups, location: storage.location, loaded, removed })
  } catch (fault) {
    if (!(fault instanceof AiError)) throw fault
    if (options.json === true) parts.stdout.write(toJsonLine({ ok: false, code: fault.code, message: fault.message }))
    else parts.stderr.write(`error: ${fault.message}\n`)
    return fault.code === 'config_invalid' ? EXIT.config : EXIT.notWell
  } finally {
    for (const note of notes) parts.stderr.write(`note: ${note}\n`)
    await backups.stop()
  }
}

function print(
  { stdout, stderr }: CliParts,
  { json }: BackupOptions,
  location: string,
  { generations, warnings }: BackupReport,
  good: string,
): number {
  const isGood = ({ kind }: GenerationReport): boolean => kind === 'good'
  // An upload that is under way is not wrong; that nothing at all can be restored is.
  const ok = generations.some(isGood) && generations.every((one) => isGood(one) || one.kind === 'incomplete')
  if (json === true) {
    const list = generations.map((one) => (one.kind === 'good' ? { kind: good, ...shown(one.manifest) } : one))
    stdout.write(toJsonLine({ ok, to: location, generations: list, warnings }))
  } else {
    if (generations.length === 0) stderr.write(`There is no backup at ${location}.\n`)
    for (const one of generations) stdout.write(lineOf(one, good))
    for (const warning of warnings) stderr.write(`warning: ${warning}\n`)
  }
  return ok ? EXIT.ok : EXIT.notWell
}

function lineOf(report: GenerationReport, good: string): string {
  const number = `generation ${report.generation}`
  if (report.kind !== 'good') return `${number}  ${report.kind}: ${whyNot(report)}\n`
  const { createdAt, writer, parts } = report.manifest
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return `${number}  ${good}  ${createdAt}  ${parts.length} parts  ${bytes} bytes  ${writer}\n`
}

export function describeParts({ parts }: Manifest): string {
  return parts
    .map((part) => {
      const keys = describeKeys(part)
      const told = keys === undefined ? '' : `    ${keys}\n`
      return `  ${part.name}  ${part.bytes} bytes  sha256 ${part.sha256}\n${told}`
    })
    .join('')
}

/** A manifest without what only the store needs. */
export function shown({ generation, createdAt, writer, parts }: Manifest) {
  return {
    generation,
    createdAt,
    writer,
    parts: parts.map(({ name, bytes, sha256, facts }) => ({ name, bytes, sha256, facts })),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault'
}
