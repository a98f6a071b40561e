// The audit trail in SQLite keeps the contract; a file that must not be used is refused with what to do.
import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, test } from 'vitest'
import { folderWith } from '../../config/load.test.kit.ts'
import { describeAuditStore, headAt, record } from '../audit-store.test.kit.ts'
import { StoreUnusable } from '../audit-store.ts'
import { schemaVersion } from '../migrations.ts'
import { SqliteAuditStore } from './audit-store.ts'
import { openDatabase, openForReading } from './open-database.ts'

describeAuditStore('SQLite', async () => {
  const path = `${folderWith()}/deep/audit.db`
  return {
    store: new SqliteAuditStore(openDatabase(path)),
    reopen: async () => new SqliteAuditStore(openForReading(path)),
  }
})

async function filled(): Promise<string> {
  const path = `${folderWith()}/audit.db`
  const store = new SqliteAuditStore(openDatabase(path))
  const records = Array.from({ length: 200 }, (_, index) => record('w_a', index + 1))
  await store.append(records, headAt('w_a', 200))
  await store.close()
  return path
}

function refusal(path: string, open = openDatabase): string {
  try {
    open(path).close()
  } catch (thrown) {
    if (thrown instanceof StoreUnusable) return thrown.message
    throw thrown
  }
  return 'opened'
}

describe('F27 a database that must not be used', () => {
  it.each([0, 4_096])('damaged at byte %i is refused, not made anew, and says how to restore', async (at) => {
    const path = await filled()
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(3_000, 0xa5), 0, 3_000, at)
    closeSync(file)
    const before = readFileSync(path)
    expect(refusal(path)).toMatch(/damaged.*Nothing was changed.*ai-service restore/s)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('of a later schema is refused, for writing and for reading', async () => {
    const path = await filled()
    const database = new DatabaseSync(path)
    database.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
    database.close()
    for (const open of [openDatabase, openForReading])
      expect(refusal(path, open)).toMatch(/of a later version of ai-service .*restore/)
  })

  it('that is a text file is refused', () => {
    const path = `${folderWith({ 'audit.db': 'x'.repeat(4_096) })}/audit.db`
    expect(refusal(path)).toMatch(/damaged/)
    expect(readFileSync(path, 'utf8')).toBe('x'.repeat(4_096))
  })

  it('in a place that cannot be written says what to set', () => {
    const folder = folderWith()
    writeFileSync(`${folder}/file`, '')
    expect(refusal(`${folder}/file/audit.db`)).toMatch(/Set stores\.database to a place.*audit: \{ enabled: false \}/)
  })
})

test('commands that read make no database', () => {
  const path = `${folderWith()}/audit.db`
  expect(refusal(path, openForReading)).toMatch(/There is no database at/)
  expect(() => statSync(path)).toThrow('ENOENT')
})

test('the file is for its owner alone, and every commit is synced', async () => {
  const path = await filled()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const database = openDatabase(path)
  expect(database.prepare('PRAGMA synchronous').get()?.['synchronous']).toBe(2)
  expect(database.prepare('PRAGMA journal_mode').get()?.['journal_mode']).toBe('wal')
  database.close()
})
