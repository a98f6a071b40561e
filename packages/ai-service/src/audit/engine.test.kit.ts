// An audit engine in a folder of its own, and the records that a test wants from it.
import { DatabaseSync } from 'node:sqlite'
import { folderWith } from '../config/load.test.kit.ts'
import { openForReading } from '../stores/sqlite/open-database.ts'
import { SqliteAuditStore } from '../stores/sqlite/audit-store.ts'
import { headFilesAt } from './audit-files.ts'
import { type Draft, draftOf, encodeDraft } from './draft.ts'
import { AuditEngine, type EngineParts } from './engine.ts'
import { latestHead } from './head-file.ts'
import type { AuditPlace, FromThread } from './messages.ts'
import type { SignedHead } from './signed-head.ts'
import { type Verified, verifyStore } from './verify.ts'

export function placeIn(folder = folderWith(), more: Partial<AuditPlace> = {}): AuditPlace {
  const path = `${folder}/audit.db`
  return { database: { kind: 'sqlite', path }, base: path, spoolBytes: 1_000_000, prints: false, opening: '', ...more }
}

export async function openEngine(
  place: AuditPlace,
  more: Partial<EngineParts> = {},
): Promise<{ readonly engine: AuditEngine; readonly told: FromThread[] }> {
  const told: FromThread[] = []
  const parts = { place, tell: (message: FromThread) => void told.push(message), nowMs: () => Date.now(), ...more }
  return { engine: await AuditEngine.open(parts), told }
}

export function startOf(id: string): Draft {
  return draftOf('start', id, { actor: { user: 'alice' }, model: { asked: 'm' }, time: '2026-01-01T00:00:00.000Z' })
}

export function endOf(id: string, outcome = 'completed'): Draft {
  return draftOf('end', id, { outcome, time: '2026-01-01T00:00:01.000Z' })
}

export function take(engine: AuditEngine, ...drafts: readonly Draft[]): Promise<void> {
  return engine.take({ kind: 'record', text: drafts.map(encodeDraft).join(''), count: drafts.length })
}

export const closing = { kind: 'close' } as const

export function pathOf({ database }: AuditPlace): string {
  return database.kind === 'sqlite' ? database.path : ''
}

/** All records of a place's chains, as objects. */
export function recordsAt(place: AuditPlace): Record<string, unknown>[] {
  const database = new DatabaseSync(pathOf(place), { readOnly: true })
  const rows = database.prepare('SELECT record FROM audit_records ORDER BY rowid').all()
  database.close()
  return rows.map((row) => JSON.parse(String(row['record'])) as Record<string, unknown>)
}

/** As `audit verify` does without being given anything. */
export async function verifyPlace(place: AuditPlace, more: readonly SignedHead[] = []): Promise<Verified> {
  const store = new SqliteAuditStore(openForReading(pathOf(place)))
  const heads = [...more, ...headFilesAt(place.base).flatMap((path) => latestHead(path) ?? [])]
  try {
    return await verifyStore(store, { keys: new Set(), heads })
  } finally {
    await store.close()
  }
}

/** Changes a database behind everybody's back. */
export function tamper(place: AuditPlace, ...statements: readonly string[]): void {
  const database = new DatabaseSync(pathOf(place))
  for (const statement of statements) database.exec(statement)
  database.close()
}
