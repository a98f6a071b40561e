// A snapshot of a database that others write to: one moment of it, whole, and nothing left beside it.
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { gather } from 'ai-lib/internal/backup/digest'
import { expect, onTestFinished, test } from 'vitest'
import { folderWith } from '../config/load.test.kit.ts'
import { databasePart } from './database-part.ts'

const never = new AbortController().signal

function database(path: string): DatabaseSync {
  const opened = new DatabaseSync(path)
  opened.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, pair INTEGER)')
  onTestFinished(() => opened.close())
  return opened
}

async function snapshotOf(path: string): Promise<Uint8Array> {
  const opened = await databasePart(path, 'a.db').open(never)
  if (!opened) throw new Error('There was no database.')
  try {
    return await gather(opened.content, 1e9)
  } finally {
    await opened.close?.()
  }
}

test('what is only in the write-ahead log is in the snapshot, and nothing stays beside the database', async () => {
  const folder = folderWith()
  const source = database(join(folder, 'a.db'))
  for (let n = 0; n < 100; n += 1) source.prepare('INSERT INTO t (n, pair) VALUES (?, ?)').run(n, n)
  expect(statSync(join(folder, 'a.db-wal')).size).toBeGreaterThan(0)
  writeFileSync(join(folder, 'copy.db'), await snapshotOf(join(folder, 'a.db')))
  expect(readdirSync(folder).filter((name) => name.includes('snapshot'))).toEqual([])
  expect(database(join(folder, 'copy.db')).prepare('SELECT count(*) AS n FROM t').get()?.['n']).toBe(100)
})

test('a database that is written to without a pause is copied as of one moment', async () => {
  const folder = folderWith()
  const path = join(folder, 'a.db')
  database(path)
  // Two rows in each transaction: a snapshot between them would have an odd number.
  const writer = new Worker(
    `const { DatabaseSync } = require('node:sqlite')
     const { parentPort } = require('node:worker_threads')
     const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 5000 })
     database.exec('PRAGMA synchronous = OFF')
     const insert = database.prepare('INSERT INTO t (pair) VALUES (?)')
     const step = () => {
       for (let at = 0; at < 50; at += 1) {
         database.exec('BEGIN'); insert.run(at); insert.run(at); database.exec('COMMIT')
       }
       parentPort.postMessage('wrote')
       setImmediate(step)
     }
     step()`,
    { eval: true },
  )
  await new Promise((resolve) => writer.once('message', resolve))
  for (let taken = 0; taken < 5; taken += 1) {
    writeFileSync(join(folder, `copy-${taken}.db`), await snapshotOf(path))
    const copy = database(join(folder, `copy-${taken}.db`))
    expect(Number(copy.prepare('SELECT count(*) AS n FROM t').get()?.['n']) % 2).toBe(0)
    expect(copy.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok')
  }
  await writer.terminate()
})

test('where nothing has been recorded there is no part; what is no database is named', async () => {
  const folder = folderWith({ 'a.db': 'no database at all, just a text that somebody put here'.repeat(100) })
  expect(await databasePart(join(folder, 'absent', 'a.db'), 'a.db').open(never)).toBeUndefined()
  await expect(databasePart(join(folder, 'a.db'), 'a.db').open(never)).rejects.toThrow(
    `${join(folder, 'a.db')} cannot be copied (file is not a database)`,
  )
  expect(readdirSync(folder)).toEqual(['a.db'])
})

test('a snapshot that a killed process left is removed a day later', async () => {
  const folder = folderWith()
  database(join(folder, 'a.db'))
  for (const [name, hours] of [
    ['.a.db-snapshot-000000000000', 25],
    ['.a.db-snapshot-111111111111', 1],
  ] as const) {
    mkdirSync(join(folder, name))
    chmodSync(join(folder, name), 0o700)
    writeFileSync(join(folder, name, 'copy.db'), '')
    const then = Date.now() / 1_000 - hours * 3_600
    utimesSync(join(folder, name), then, then)
  }
  await snapshotOf(join(folder, 'a.db'))
  expect(existsSync(join(folder, '.a.db-snapshot-000000000000'))).toBe(false)
  expect(existsSync(join(folder, '.a.db-snapshot-111111111111'))).toBe(true)
})
