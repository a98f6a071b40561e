// `ai-service audit export`: the trail as JSON Lines, its signed heads at the end.
import { open } from 'node:fs/promises'
import { exportTrail } from '../audit/export.ts'
import { withTrail } from './audit-reading.ts'
import { type CliParts, EXIT } from './context.ts'
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
  // Before the first byte leaves, so that interrupting it hides nothing; the export itself says that it was made.
  await recordActions(parts, loaded, [{ action: 'audit.exported', to: file === undefined ? 'stdout' : 'file' }])
  return withTrail(parts, loaded, async (store) => {
    if (file === undefined) {
      for await (const text of exportTrail(store)) parts.stdout.write(text)
      return EXIT.ok
    }
    // Who called whom is nobody else's business, and an export of yesterday is not written over.
    const handle = await open(file, 'wx', 0o600)
    try {
      for await (const text of exportTrail(store)) await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return EXIT.ok
  })
}
