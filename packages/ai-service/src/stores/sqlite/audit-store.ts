// The audit trail in an SQLite file. Every call blocks until it is done, so it lives in a thread of its own.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type AuditStore,
  ChainConflict,
  type ChainEnd,
  type SealedRecord,
  type StoredHead,
  type StoredRecord,
} from '../audit-store.ts'
import { auditQueries } from '../migrations.ts'

type Row = ReturnType<StatementSync['get']>

export class SqliteAuditStore implements AuditStore {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async chainEnd(writer: string): Promise<ChainEnd | undefined> {
    const row = this.#prepared(auditQueries.end).get(writer)
    return row && { count: Number(row['count']), low: Number(row['low']), last: String(row['record']) }
  }

  async append(records: readonly SealedRecord[], head: StoredHead): Promise<void> {
    const database = this.#database
    database.exec('BEGIN IMMEDIATE')
    try {
      const insert = this.#prepared(
        'INSERT INTO audit_records (writer, seq, kind, request_id, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      )
      for (const { seq, kind, requestId, text } of records) {
        const { changes } = insert.run(head.writer, seq, kind, requestId, text)
        if (changes === 0) this.#assertSame(head.writer, seq, text)
      }
      this.#prepared(auditQueries.putHead).run(head.writer, head.count, head.low, head.head)
      database.exec('COMMIT')
    } catch (thrown) {
      // A full disk has rolled back by itself, and there is nothing more to undo.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw thrown
    }
  }

  async read(writer: string, fromSeq: number, limit: number): Promise<readonly StoredRecord[]> {
    return this.#prepared(auditQueries.read)
      .all(writer, fromSeq, limit)
      .map((row) => ({ seq: Number(row['seq']), text: String(row['record']) }))
  }

  async openStarts(writer: string, fromSeq: number): Promise<readonly string[]> {
    return this.#prepared(auditQueries.open)
      .all(writer, fromSeq)
      .map((row) => String(row['record']))
  }

  async has(requestId: string, kind: string): Promise<boolean> {
    return this.#prepared(auditQueries.has).get(requestId, kind) !== undefined
  }

  async heads(): Promise<readonly StoredHead[]> {
    return this.#prepared(auditQueries.heads).all().map(headOf)
  }

  async writers(): Promise<readonly string[]> {
    return this.#prepared(auditQueries.writers)
      .all()
      .map((row) => String(row['writer']))
  }

  async close(): Promise<void> {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #assertSame(writer: string, seq: number, text: string): void {
    const there = this.#prepared(auditQueries.read).get(writer, seq, 1)
    if (there?.['record'] !== text) throw new ChainConflict(`Record ${seq} of ${writer} is another one already.`)
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    return statement
  }
}

function headOf(row: NonNullable<Row>): StoredHead {
  return {
    writer: String(row['writer']),
    count: Number(row['count']),
    low: Number(row['low']),
    head: String(row['head']),
  }
}
