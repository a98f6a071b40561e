// Brings a PostgreSQL database up to this version's schema, once, whoever of many replicas comes first.
import type { Client } from 'pg'
import { StoreUnusable } from '../audit-store.ts'
import { migrations, schemaVersion } from '../migrations.ts'

/** Any fixed number: replicas that start together take turns by it. */
const lock = 4_215_330_177

/** @throws StoreUnusable where the database is of a later version. */
export async function migrate(client: Client): Promise<void> {
  if ((await versionOf(client)) === schemaVersion) return
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [lock])
  await client.query('CREATE TABLE IF NOT EXISTS ai_service_schema (version BIGINT NOT NULL)')
  const version = await versionOf(client)
  if (version > schemaVersion) {
    await client.query('ROLLBACK')
    throw new StoreUnusable(
      `The PostgreSQL database is of a later version of ai-service (schema ${version}, this one knows ${schemaVersion}). ` +
        'Start that version, or give stores.database another database.',
    )
  }
  for (const step of migrations.slice(version)) for (const statement of step) await client.query(statement)
  await client.query('DELETE FROM ai_service_schema')
  await client.query('INSERT INTO ai_service_schema (version) VALUES ($1)', [schemaVersion])
  await client.query('COMMIT')
}

async function versionOf(client: Client): Promise<number> {
  const known = await client.query<{ there: boolean }>("SELECT to_regclass('ai_service_schema') IS NOT NULL AS there")
  if (known.rows[0]?.there !== true) return 0
  const { rows } = await client.query<{ version: string }>('SELECT version FROM ai_service_schema')
  return Number(rows[0]?.version ?? 0)
}
