// T32: whatever is altered, dropped, swapped, written anew or cut off is named, in the store and in an export.
import { generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openForReading } from '../stores/sqlite/open-database.ts'
import { SqliteAuditStore } from '../stores/sqlite/audit-store.ts'
import { auditFiles } from './audit-files.ts'
import { canonicalJson } from './canonical-json.ts'
import { closing, endOf, openEngine, pathOf, placeIn, startOf, take, tamper, verifyPlace } from './engine.test.kit.ts'
import { exportTrail } from './export.ts'
import { latestHead } from './head-file.ts'
import type { AuditPlace } from './messages.ts'
import { hashOf } from './seal.ts'
import { createHeadSigner } from './signed-head.ts'
import { verifyExport } from './verify.ts'

/** Eight records: four requests. */
async function written(): Promise<AuditPlace> {
  const place = placeIn()
  const { engine } = await openEngine(place)
  for (const id of ['a', 'b', 'c', 'd']) await take(engine, startOf(id), endOf(id))
  await engine.take(closing)
  return place
}

async function exported(place: AuditPlace): Promise<string[]> {
  const store = new SqliteAuditStore(openForReading(pathOf(place)))
  let text = ''
  for await (const piece of exportTrail(store)) text += piece.text
  await store.close()
  return text.trim().split('\n')
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}

async function faultsIn(lines: readonly string[]): Promise<readonly { kind: string; seq: number; message: string }[]> {
  return (await verifyExport(linesOf(lines), { keys: new Set(), heads: [] })).faults
}

/** A record changed and sealed anew by somebody who has no key. */
function forged(text: string, change: Record<string, unknown>): Record<string, unknown> {
  const record = { ...(JSON.parse(text) as Record<string, unknown>), ...change }
  return { ...record, hash: hashOf(record) }
}

/** All records from one on, linked and sealed anew. */
function recomputed(lines: readonly string[], from: number): string[] {
  let previous = ''
  return lines.map((line, index) => {
    const record = JSON.parse(line) as Record<string, unknown>
    if (record['kind'] === 'head') return line
    const next =
      index < from
        ? record
        : forged(line, { ...(index === from ? { outcome: 'failed' } : {}), prev_hash: previous || record['prev_hash'] })
    previous = String(next['hash'])
    return canonicalJson(next)
  })
}

it('an untouched trail is whole, in the store and as an export', async () => {
  const place = await written()
  expect(await verifyPlace(place)).toMatchObject({ ok: true, faults: [], chains: [{ records: 8 }] })
  const lines = await exported(place)
  expect(lines).toHaveLength(9)
  expect(JSON.parse(lines[8] ?? '')).toMatchObject({ kind: 'head', count: 8 })
  expect(await faultsIn(lines)).toEqual([])
  // Written otherwise, the values are the same: the hash means them, not the bytes.
  const spaced = lines.map((line) => JSON.stringify(JSON.parse(line), null, 1).replaceAll('\n', ' '))
  expect(await faultsIn(spaced)).toEqual([])
})

describe('T32 in the store', () => {
  const update = (seq: number, sql: string): string => `UPDATE audit_records SET ${sql} WHERE seq = ${seq}`
  const cases: readonly (readonly [string, readonly string[], object])[] = [
    ['an altered record', [update(3, `record = replace(record, '"alice"', '"mallory"')`)], { kind: 'altered', seq: 3 }],
    [
      'an altered last record',
      [update(8, `record = replace(record, 'completed', 'failed')`)],
      { kind: 'altered', seq: 8 },
    ],
    ['a dropped record', ['DELETE FROM audit_records WHERE seq = 5'], { kind: 'missing', seq: 5 }],
    ['a dropped first record', ['DELETE FROM audit_records WHERE seq = 1'], { kind: 'missing', seq: 1 }],
    [
      'two swapped records',
      [update(2, 'seq = 100'), update(6, 'seq = 2'), update(100, 'seq = 6')],
      { kind: 'swapped', seq: 2 },
    ],
    ['a record that is no JSON', [update(4, "record = 'x'")], { kind: 'unreadable', seq: 4 }],
    ['a cut tail', ['DELETE FROM audit_records WHERE seq > 6'], { kind: 'cut', seq: 7 }],
    [
      'a chain without its head and tail',
      ['DELETE FROM audit_records WHERE seq > 6', 'DELETE FROM audit_heads'],
      { kind: 'cut', seq: 7 },
    ],
    ['a chain that is gone', ['DELETE FROM audit_records', 'DELETE FROM audit_heads'], { kind: 'cut', seq: 1 }],
    [
      'an altered head',
      [`UPDATE audit_heads SET head = replace(head, '"count":8', '"count":7')`],
      { kind: 'wrong-key' },
    ],
  ]
  it.each(cases)('%s is named', async (_, statements, fault) => {
    const place = await written()
    tamper(place, ...statements)
    const { ok, faults } = await verifyPlace(place)
    expect({ ok, faults }).toEqual({ ok: false, faults: [expect.objectContaining(fault)] })
  })

  it('a tail that was cut together with every head beside it is named where a log has a later head', async () => {
    const place = await written()
    const logged = latestHead(auditFiles(place.base).head(0))
    // The thief puts back what the database and the file said two records ago.
    tamper(place, 'DELETE FROM audit_records WHERE seq > 6', 'DELETE FROM audit_heads')
    rmSync(auditFiles(place.base).head(0))
    expect((await verifyPlace(place)).faults).toEqual([expect.objectContaining({ kind: 'unsigned' })])
    const { faults } = await verifyPlace(place, logged ? [logged] : [])
    expect(faults).toEqual([expect.objectContaining({ kind: 'cut', seq: 7 })])
  })
})

describe('T32 in an export', () => {
  it('an altered record is named', async () => {
    const lines = await exported(await written())
    lines[2] = lines[2]?.replace('alice', 'mallory') ?? ''
    expect(await faultsIn(lines)).toEqual([expect.objectContaining({ kind: 'altered', seq: 3 })])
  })

  it('a record that was altered and sealed anew is named by the one behind it', async () => {
    const lines = await exported(await written())
    lines[2] = canonicalJson(forged(lines[2] ?? '', { outcome: 'failed' }))
    expect(await faultsIn(lines)).toEqual([expect.objectContaining({ kind: 'altered', seq: 3 })])
  })

  it('a dropped record and swapped ones are named', async () => {
    const lines = await exported(await written())
    expect(await faultsIn(lines.toSpliced(4, 1))).toEqual([expect.objectContaining({ kind: 'missing', seq: 5 })])
    expect(await faultsIn(lines.toSpliced(4, 2))).toEqual([
      expect.objectContaining({ kind: 'missing', message: 'records 5 to 6 are missing.' }),
    ])
    const [third = '', fourth = ''] = lines.slice(2, 4)
    expect(await faultsIn(lines.toSpliced(2, 2, fourth, third))).toEqual([
      expect.objectContaining({ kind: 'swapped', message: 'records 3 and 4 were swapped.' }),
    ])
  })

  it('a chain that was computed anew to its end is named', async () => {
    const lines = recomputed(await exported(await written()), 3)
    expect(await faultsIn(lines)).toEqual([expect.objectContaining({ kind: 'recomputed' })])
  })

  it('a cut tail is named, with and without its head', async () => {
    const lines = await exported(await written())
    expect(await faultsIn(lines.toSpliced(6, 2))).toEqual([expect.objectContaining({ kind: 'cut', seq: 7 })])
    expect(await faultsIn(lines.slice(0, 6))).toEqual([expect.objectContaining({ kind: 'unsigned' })])
  })

  it('a chain signed anew by another key is named where the own key is known', async () => {
    const lines = recomputed(await exported(await written()), 3)
    const own = (JSON.parse(lines[8] ?? '') as { public_key: string }).public_key
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const last = JSON.parse(lines[7] ?? '') as { writer: string; hash: string }
    lines[8] = JSON.stringify(createHeadSigner(pem).sign(last.writer, 8, last.hash, '2026-01-01T00:00:00.000Z'))
    const { faults } = await verifyExport(linesOf(lines), { keys: new Set([own]), heads: [] })
    expect(faults).toEqual([expect.objectContaining({ kind: 'wrong-key' })])
  })

  it('a line of something else is named', async () => {
    const lines = await exported(await written())
    expect(await faultsIn(lines.toSpliced(3, 0, 'hello'))).toEqual([
      expect.objectContaining({ kind: 'unreadable', message: 'line 4 is no record.' }),
    ])
  })
})
