// `ai-service restore`: writes a backup into a folder, and says whether it is what was backed up.
import { resolve } from 'node:path'
import type { RestoreReport } from 'ai-lib/internal/backup/backup-config'
import { checkRestored, type RestoredState } from '../backup/check-restored.ts'
import { describeParts, readGeneration, refuse, shown, withBackups } from './backup.ts'
import { type CliParts, EXIT } from './context.ts'
import { counted } from './counted.ts'
import { type ConfigOptions, load, toJsonLine } from './load-or-report.ts'
import { hasTrail, recordActions } from './record-actions.ts'

export interface RestoreCommandOptions extends ConfigOptions {
  readonly to?: string
  readonly dryRun?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

export async function restore(
  parts: CliParts,
  generation: string | undefined,
  options: RestoreCommandOptions,
): Promise<number> {
  const number = readGeneration(generation)
  if (number === 'wrong') return refuse(parts)
  if (options.to === undefined || options.to === '') {
    parts.stderr.write('error: --to <folder> is needed: an empty folder, or one that does not exist yet.\n')
    return EXIT.usage
  }
  const folder = resolve(parts.cwd, options.to)
  const { dryRun = false, force = false } = options
  return withBackups(parts, options, async ({ backups, location, loaded }) => {
    const report = await backups.restore({
      to: folder,
      dryRun,
      force,
      ...(number === undefined ? {} : { generation: number }),
    })
    const state = dryRun
      ? undefined
      : await checkRestored({ folder, manifest: report.manifest, load: (config) => load(parts, { config }) })
    // The trail of where it was done; on a new machine there is only the one that was restored.
    const trail = hasTrail(loaded) ? loaded : (state?.loaded ?? loaded)
    const { generation: restored } = report.manifest
    if (!dryRun)
      await recordActions(parts, trail, [
        { action: 'backup.restored', generation: restored, from: location, to: folder },
      ])
    if (options.json === true) parts.stdout.write(toJsonLine(asJson(report, state, location, folder)))
    else describe(parts, report, state, location, folder)
    return state?.ok === false ? EXIT.notWell : EXIT.ok
  })
}

function asJson(report: RestoreReport, state: RestoredState | undefined, from: string, to: string) {
  return {
    ok: state?.ok ?? true,
    dryRun: state === undefined,
    from,
    to,
    ...shown(report.manifest),
    warnings: report.warnings,
    ...(state === undefined ? {} : { configuration: state.configuration, trail: state.trail, notes: state.notes }),
  }
}

function describe(
  { stdout, stderr }: CliParts,
  { manifest, warnings }: RestoreReport,
  state: RestoredState | undefined,
  from: string,
  to: string,
): void {
  const done = state === undefined ? 'would be restored (nothing was written)' : 'restored'
  stdout.write(`generation ${manifest.generation} of ${manifest.createdAt} at ${from} ${done} to ${to}\n`)
  stdout.write(describeParts(manifest))
  if (state?.configuration === 'same')
    stdout.write('The configuration comes to the same version as when it was backed up.\n')
  if (state?.trail?.ok === true)
    stdout.write(
      `The audit trail verifies: ${counted(state.trail.chains, 'chain')}, ${counted(state.trail.records, 'record')}.\n`,
    )
  for (const warning of warnings) stderr.write(`warning: ${warning}\n`)
  for (const note of state?.notes ?? []) stderr.write(`note: ${note}\n`)
}
