// Opens the store that the configuration names; PostgreSQL's client is loaded only where it is used.
import type { AuditStore } from '../stores/audit-store.ts'
import { openDatabase, openForReading } from '../stores/sqlite/open-database.ts'
import { SqliteAuditStore } from '../stores/sqlite/audit-store.ts'
import type { AuditPlace } from './messages.ts'

type Database = Exclude<AuditPlace['database'], { kind: 'none' }>

/** @throws StoreUnusable. */
export async function openAuditStore(database: Database, use: 'writing' | 'reading'): Promise<AuditStore> {
  if (database.kind === 'sqlite') {
    const open = use === 'writing' ? openDatabase : openForReading
    return new SqliteAuditStore(open(database.path))
  }
  const { PostgresAuditStore } = await import('../stores/postgres/audit-store.ts')
  return new PostgresAuditStore({ url: database.url, migrates: use === 'writing' })
}
