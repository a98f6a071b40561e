// `ai-service audit export`: the trail as JSON Lines, its signed heads at the end.
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { exportTrail } from '../audit/export.ts'
import type { AuditStore } from '../stores/audit-store.ts'
import { errorCodeOf, readFault } from '../secrets/sources.ts'
import { withTrail } from './audit-reading.ts'
import { type CliParts, EXIT } from './context.ts'
import { counted } from './counted.ts'
import { type ConfigOptions, loadOrReport } from './load-or-report.ts'
import { recordActions } from './record-actions.ts'

export interface AuditExportOptions extends ConfigOptions {
  /** Written in place of standard output; must not be there yet. */
  readonly file?: string
}

export async function auditExport(parts: CliParts, options: AuditExportOptions): Promise<number> {
  const loaded = await loadOrReport(parts, options)
  if (loaded === undefined) return EXIT.config
  const { file } = options
  const path = file === undefined ? undefined : resolve(parts.cwd, file)
  const target = path === undefined ? undefined : await openTarget(path, parts)
  if (target === 'refused') return EXIT.notWell
  let code: number = EXIT.notWell
  try {
    // Before the first byte leaves, so that interrupting it hides nothing; the export itself says that it was made.
    await recordActions(parts, loaded, [{ action: 'audit.exported', to: path === undefined ? 'stdout' : 'file' }])
    code = await withTrail(parts, loaded, (store) => write(store, parts, target))
    return code
  } finally {
    await target?.close()
    // Half an export would be taken for one whose tail was cut off.
    if (path !== undefined && code !== EXIT.ok) await unlink(path).catch(() => undefined)
  }
}

async function write(store: AuditStore, { stdout, stderr }: CliParts, target: FileHandle | undefined): Promise<number> {
  let [lines, heads] = [0, 0]
  for await (const { text, kind } of exportTrail(store)) {
    const count = text.split('\n').length - 1
    if (kind === 'records') lines += count
    else heads += count
    if (target === undefined) stdout.write(text)
    else await target.writeFile(text)
  }
  await target?.sync()
  stderr.write(`exported ${counted(lines, 'record')} of ${counted(heads, 'chain')}\n`)
  return EXIT.ok
}

/** Who called whom is nobody else's business, and an export of yesterday is not written over. */
async function openTarget(path: string, { stderr }: CliParts): Promise<FileHandle | 'refused'> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (fault) {
    const isThere = errorCodeOf(fault) === 'EEXIST'
    const why = isThere ? 'it is there already; name a new file' : `${readFault(fault)}; name a file that can be made`
    stderr.write(`error: ${path} cannot be written: ${why}. Nothing was exported.\n`)
    return 'refused'
  }
}
