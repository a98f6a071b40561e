// The audit trail in PostgreSQL: one connection, opened anew after a failure, every statement with a deadline.
import type { Client as PgClient, QueryResult } from 'pg'
import {
  type AuditStore,
  ChainConflict,
  type ChainEnd,
  type SealedRecord,
  type StoredHead,
  type StoredRecord,
  StoreUnusable,
} from '../audit-store.ts'
import { auditQueries } from '../migrations.ts'
import { migrate } from './migrate.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/name?sslmode=verify-full`. */
  readonly url: string
  /** Milliseconds for connecting, and for each statement. Default 2,000. */
  readonly deadlineMs?: number
  /** Whether the schema may be brought up to date. Commands that only read leave it as it is. */
  readonly migrates: boolean
}

const insertSql = `INSERT INTO audit_records (writer, seq, kind, request_id, record)
  SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) ON CONFLICT (writer, seq) DO NOTHING`

export class PostgresAuditStore implements AuditStore {
  readonly #options: PostgresOptions
  #client: Promise<PgClient> | undefined

  constructor(options: PostgresOptions) {
    this.#options = options
  }

  async chainEnd(writer: string): Promise<ChainEnd | undefined> {
    const [row] = await this.#rows(auditQueries.end, [writer])
    return row && { count: Number(row['count']), low: Number(row['low']), last: String(row['record']) }
  }

  async append(records: readonly SealedRecord[], head: StoredHead): Promise<void> {
    await this.#connected(async (client) => {
      await client.query('BEGIN')
      const { rowCount } = await client.query(insertSql, [
        head.writer,
        records.map(({ seq }) => seq),
        records.map(({ kind }) => kind),
        records.map(({ requestId }) => requestId),
        records.map(({ text }) => text),
      ])
      if ((rowCount ?? 0) < records.length) await assertSame(client, head.writer, records)
      await client.query(numbered(auditQueries.putHead), [head.writer, head.count, head.low, head.head])
      await client.query('COMMIT')
    })
  }

  async read(writer: string, fromSeq: number, limit: number): Promise<readonly StoredRecord[]> {
    const rows = await this.#rows(auditQueries.read, [writer, fromSeq, limit])
    return rows.map((row) => ({ seq: Number(row['seq']), text: String(row['record']) }))
  }

  async openStarts(writer: string, fromSeq: number): Promise<readonly string[]> {
    const rows = await this.#rows(auditQueries.open, [writer, fromSeq])
    return rows.map((row) => String(row['record']))
  }

  async has(requestId: string, kind: string): Promise<boolean> {
    return (await this.#rows(auditQueries.has, [requestId, kind])).length > 0
  }

  async heads(): Promise<readonly StoredHead[]> {
    const rows = await this.#rows(auditQueries.heads, [])
    return rows.map((row) => ({
      writer: String(row['writer']),
      count: Number(row['count']),
      low: Number(row['low']),
      head: String(row['head']),
    }))
  }

  async writers(): Promise<readonly string[]> {
    return (await this.#rows(auditQueries.writers, [])).map((row) => String(row['writer']))
  }

  async serverNowMs(): Promise<number> {
    const [row] = await this.#rows('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now', [])
    return Number(row?.['now'])
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    // A connection that never came, or is gone, needs no goodbye.
    await client?.then((open) => open.end()).catch(() => undefined)
  }

  #rows(sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return this.#connected(async (client) => {
      const { rows }: QueryResult<Record<string, unknown>> = await client.query(numbered(sql), [...values])
      return rows
    })
  }

  // After any failure nobody knows what the connection is still doing: the next call gets a fresh one.
  async #connected<Result>(work: (client: PgClient) => Promise<Result>): Promise<Result> {
    const opening = (this.#client ??= this.#open())
    try {
      return await work(await opening)
    } catch (thrown) {
      if (this.#client === opening) this.#client = undefined
      void opening.then((client) => client.end()).catch(() => undefined)
      throw thrown
    }
  }

  async #open(): Promise<PgClient> {
    const { default: pg } = await import('pg')
    const deadlineMs = this.#options.deadlineMs ?? 2_000
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'ai-service audit',
      connectionTimeoutMillis: deadlineMs,
      statement_timeout: deadlineMs,
      // The server's own deadline does not help where the network swallows its answer.
      query_timeout: deadlineMs + 500,
      keepAlive: true,
    })
    // An idle connection that breaks tells it here; the next statement finds out for itself.
    client.on('error', () => {
      this.#client = undefined
    })
    await client.connect()
    if (this.#options.migrates) await migrate(client)
    return client
  }
}

/** Whether an error means that the database is there and must not be used, rather than away. */
export function isUnusable(thrown: unknown): boolean {
  return thrown instanceof StoreUnusable || thrown instanceof ChainConflict
}

async function assertSame(client: PgClient, writer: string, records: readonly SealedRecord[]): Promise<void> {
  const { rows }: QueryResult<Record<string, unknown>> = await client.query(
    'SELECT seq, record FROM audit_records WHERE writer = $1 AND seq = ANY($2::bigint[])',
    [writer, records.map(({ seq }) => seq)],
  )
  const there = new Map(rows.map((row) => [Number(row['seq']), row['record']]))
  const other = records.find(({ seq, text }) => there.get(seq) !== text)
  if (other) throw new ChainConflict(`Record ${other.seq} of ${writer} is another one already.`)
}

function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${(count += 1)}`)
}
