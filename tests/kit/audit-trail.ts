// An audit trail beside a running service, as its tests look at it: the database read directly, the command line asked.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))

export type AuditRecord = Readonly<Record<string, unknown>> & { readonly kind: string; readonly request_id?: string }

export interface AuditPlace {
  readonly folder: string
  readonly path: string
  /** The configuration's lines for it. */
  readonly yaml: string
  records(): AuditRecord[]
  /** Changes the database behind everybody's back. */
  tamper(...statements: readonly string[]): void
  /** `ai-service audit …` with a configuration that names this place. */
  audit(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>
  remove(): void
}

/** @param audit lines under `audit:`, indented by two. */
export function auditPlace(audit = ''): AuditPlace {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-audit-'))
  const path = join(folder, 'audit.db')
  const yaml = `stores: { database: "sqlite:${path}" }\n${audit === '' ? '' : `audit:\n${audit}\n`}`
  const config = join(folder, 'ai-service.yaml')
  writeFileSync(config, yaml)
  return {
    folder,
    path,
    yaml,
    records() {
      const database = new DatabaseSync(path, { readOnly: true })
      const rows = database.prepare('SELECT record FROM audit_records ORDER BY writer, seq').all()
      database.close()
      return rows.map((row) => JSON.parse(String(row['record'])) as AuditRecord)
    },
    tamper(...statements) {
      const database = new DatabaseSync(path, { timeout: 5_000 })
      for (const statement of statements) database.exec(statement)
      database.close()
    },
    audit: (...args) =>
      new Promise((resolve) => {
        const argv = [bin, '--config', config, 'audit', ...args]
        execFile(
          process.execPath,
          argv,
          { cwd: folder, maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env['PATH'] ?? '' } },
          (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
        )
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Starts without an end, and ends that came twice or without a start. */
export function unpaired(records: readonly AuditRecord[]): { readonly open: string[]; readonly wrong: string[] } {
  const of = (kind: string): string[] =>
    records.flatMap((record) => (record.kind === kind ? [record.request_id ?? ''] : []))
  const [starts, ends] = [of('start'), of('end')]
  const ended = new Set(ends)
  const started = new Set(starts)
  return {
    open: starts.filter((id) => !ended.has(id)),
    wrong: [
      ...ends.filter((id, index) => !started.has(id) || ends.indexOf(id) !== index),
      ...starts.filter((id, index) => starts.indexOf(id) !== index),
    ],
  }
}
