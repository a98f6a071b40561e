// The engine seals in order, keeps, recovers after a crash, and goes on with a chain only where store and signed head agree.
import { renameSync, rmSync, statSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { folderWith } from '../config/load.test.kit.ts'
import { auditFiles } from './audit-files.ts'
import {
  closing,
  endOf,
  openEngine,
  pathOf,
  placeIn,
  recordsAt,
  startOf,
  take,
  tamper,
  verifyPlace,
} from './engine.test.kit.ts'
import { draftOf, encodeDraft } from './draft.ts'

async function written(place = placeIn(), ids = ['a', 'b', 'c']) {
  const { engine } = await openEngine(place)
  for (const id of ids) await take(engine, startOf(id), endOf(id))
  await engine.take(closing)
  return place
}

it('numbers records without gaps, chains them, and goes on with the chain after a restart', async () => {
  const place = await written()
  await written(place, ['d'])
  const records = recordsAt(place)
  expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(new Set(records.map(({ writer }) => writer)).size).toBe(1)
  for (const [index, { prev_hash }] of records.entries())
    expect(prev_hash).toBe(index === 0 ? '0'.repeat(64) : records[index - 1]?.['hash'])
  expect(await verifyPlace(place)).toMatchObject({ ok: true, chains: [{ records: 8 }] })
})

it('says what is kept in the order it came, one answer per batch', async () => {
  const { engine, told } = await openEngine(placeIn())
  await take(engine, startOf('a'), startOf('b'), endOf('a'))
  const kept = told.flatMap((message) => (message.kind === 'kept' ? [message.count] : []))
  expect(kept).toEqual([3])
  await engine.take(closing)
  expect(told.at(-1)).toEqual({ kind: 'closed' })
})

it('F25 closes requests that were open when the process ended, once', async () => {
  const place = placeIn()
  const { engine } = await openEngine(place)
  await take(engine, startOf('ended'), endOf('ended'), startOf('open'))
  // What a kill leaves: the rows, and nothing of the process.
  await engine.take(closing)
  const { engine: next, told } = await openEngine(place)
  expect(told.find(({ kind }) => kind === 'ready')).toMatchObject({ interrupted: 1 })
  await next.take(closing)
  await (await openEngine(place)).engine.take(closing)
  const ends = recordsAt(place).filter(({ kind, request_id }) => kind === 'end' && request_id === 'open')
  expect(ends).toEqual([expect.objectContaining({ outcome: 'interrupted', actor: { user: 'alice' } })])
  expect((await verifyPlace(place)).ok).toBe(true)
})

it('writes a chain of its own beside a process that is alive, and closes what that one left once it is gone', async () => {
  const place = placeIn()
  const first = await openEngine(place)
  const second = await openEngine(place)
  await take(first.engine, startOf('of-first'))
  await take(second.engine, startOf('of-second'))
  expect(new Set(recordsAt(place).map(({ writer }) => writer)).size).toBe(2)
  await second.engine.take(closing)
  // A third comes while the first still runs: only the second's request is closed.
  const third = await openEngine(place)
  const interrupted = () => recordsAt(place).filter(({ outcome }) => outcome === 'interrupted')
  expect(interrupted().map(({ request_id }) => request_id)).toEqual(['of-second'])
  await first.engine.take(closing)
  await third.engine.take(closing)
  await (await openEngine(place)).engine.take(closing)
  expect(interrupted().map(({ request_id }) => request_id)).toEqual(['of-second', 'of-first'])
  expect((await verifyPlace(place)).ok).toBe(true)
})

it('begins a new chain where the store ends before the signed head, and the old one stays told', async () => {
  const place = await written()
  tamper(place, 'DELETE FROM audit_records WHERE seq > 4', "UPDATE audit_heads SET count = 4, head = '{}'")
  const { engine, told } = await openEngine(place)
  expect(told.find(({ kind }) => kind === 'ready')).toMatchObject({
    warnings: [expect.stringMatching(/ends at record 4 .* signed head says 6/)],
  })
  await take(engine, startOf('later'))
  await engine.take(closing)
  const { ok, faults, chains } = await verifyPlace(place)
  expect({ ok, chains: chains.length }).toEqual({ ok: false, chains: 2 })
  expect(faults).toHaveLength(1)
})

it('makes its key for its owner alone, and signs with a given one instead', async () => {
  const place = await written()
  expect(statSync(auditFiles(place.base).key).mode & 0o777).toBe(0o600)
  expect(statSync(auditFiles(place.base).slot(0)).mode & 0o777).toBe(0o600)
})

it('refuses a folder that cannot be written and says what to set', async () => {
  const folder = folderWith({ file: '' })
  await expect(openEngine(placeIn(`${folder}/file`))).rejects.toThrow(/Set stores\.database to a place/)
})

it('F23 holds a batch that the database does not take, says so once, and goes on by itself', async () => {
  const place = placeIn()
  const { engine, told } = await openEngine(place, { retryMs: [5, 10] })
  await take(engine, startOf('a'))
  // A trigger stands in for a full disk: the statement fails and the transaction rolls back.
  tamper(place, "CREATE TRIGGER full BEFORE INSERT ON audit_records BEGIN SELECT RAISE(ABORT, 'disk full'); END")
  const waiting = take(engine, startOf('b'))
  await vi.waitFor(() => expect(told.filter(({ kind }) => kind === 'away')).toHaveLength(1))
  expect(told.find(({ kind }) => kind === 'away')).toMatchObject({ reason: expect.stringContaining('disk full') })
  tamper(place, 'DROP TRIGGER full')
  await waiting
  await engine.take(closing)
  expect(recordsAt(place).map(({ request_id }) => request_id)).toEqual(['a', 'b'])
  expect((await verifyPlace(place)).ok).toBe(true)
})

it('F24 a database that vanishes under it is not made anew silently: the next start tells what is missing', async () => {
  const place = await written()
  renameSync(pathOf(place), `${pathOf(place)}.gone`)
  rmSync(`${pathOf(place)}-wal`, { force: true })
  rmSync(`${pathOf(place)}-shm`, { force: true })
  const { engine, told } = await openEngine(place)
  expect(told.find(({ kind }) => kind === 'ready')).toMatchObject({ warnings: [expect.stringMatching(/says 6/)] })
  await engine.take(closing)
  expect((await verifyPlace(place)).faults).toEqual([expect.objectContaining({ kind: 'cut', seq: 1 })])
})

it('records again, after a thread died, only what is not there', async () => {
  const place = placeIn()
  const { engine, told } = await openEngine(place)
  await take(engine, startOf('a'))
  const text = [startOf('a'), startOf('b')].map(encodeDraft).join('')
  await engine.take({ kind: 'record-again', text, count: 2 })
  await engine.take(closing)
  expect(recordsAt(place).map(({ request_id }) => request_id)).toEqual(['a', 'b'])
  expect(told.flatMap((message) => (message.kind === 'kept' ? [message.count] : []))).toEqual([1, 1, 1])
})

it('prints sealed records and the heads that sign them, and stores nothing, where there is no store', async () => {
  const folder = folderWith()
  const place = placeIn(folder, {
    database: { kind: 'none' },
    prints: true,
    opening: encodeDraft(draftOf('admin', '', { action: 'x' })),
  })
  const { engine, told } = await openEngine(place)
  await take(engine, startOf('a'))
  await engine.take(closing)
  const sealed = told.flatMap((message) => (message.kind === 'sealed' ? [message.text] : []))
  expect(
    sealed
      .join('')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq),
  ).toEqual([1, 2])
  expect(told.filter(({ kind }) => kind === 'head').length).toBeGreaterThan(0)
  expect(() => statSync(`${folder}/audit.db`)).toThrow('ENOENT')
})
