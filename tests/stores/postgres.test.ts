// The audit trail in a real PostgreSQL: the contract of its store, and what happens when it is away, slow, or in doubt.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  endOf,
  openEngine,
  placeIn,
  startOf,
  take,
  closing,
} from '../../packages/ai-service/src/audit/engine.test.kit.ts'
import type { AuditEngine } from '../../packages/ai-service/src/audit/engine.ts'
import type { AuditPlace, FromThread } from '../../packages/ai-service/src/audit/messages.ts'
import { verifyStore } from '../../packages/ai-service/src/audit/verify.ts'
import { describeAuditStore, headAt, record } from '../../packages/ai-service/src/stores/audit-store.test.kit.ts'
import { StoreUnusable } from '../../packages/ai-service/src/stores/audit-store.ts'
import { PostgresAuditStore } from '../../packages/ai-service/src/stores/postgres/audit-store.ts'
import { type Postgres, startPostgres } from '../kit/postgres.ts'
import { startTcpProxy } from '../kit/tcp-proxy.ts'
import { needs } from '../require.ts'

needs('postgres')('with PostgreSQL', () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server.stop())

  const folders: string[] = []
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  function openStore(url: string, deadlineMs = 2_000): PostgresAuditStore {
    const store = new PostgresAuditStore({ url, migrates: true, deadlineMs })
    closers.push(() => store.close())
    return store
  }

  describeAuditStore('PostgreSQL', async () => {
    const url = await server.createDatabase()
    return { store: openStore(url), reopen: async () => openStore(url) }
  })

  test('F27 a database of a later version is refused and left as it is', async () => {
    const url = await server.createDatabase()
    await openStore(url).append([record('w_a', 1)], headAt('w_a', 1))
    await server.query(url, 'UPDATE ai_service_schema SET version = 99')
    await expect(openStore(url).heads()).rejects.toThrow(StoreUnusable)
    expect(await server.query(url, 'SELECT version FROM ai_service_schema')).toEqual([{ version: '99' }])
  })

  test('replicas that start together make the schema once', async () => {
    const url = await server.createDatabase()
    await Promise.all([1, 2, 3, 4].map((n) => openStore(url).append([record(`w_${n}`, 1)], headAt(`w_${n}`, 1))))
    expect(await openStore(url).writers()).toEqual(['w_1', 'w_2', 'w_3', 'w_4'])
  })

  function place(url: string, spoolBytes = 1_000_000): AuditPlace {
    const folder = mkdtempSync(join(tmpdir(), 'ai-service-spool-'))
    folders.push(folder)
    return placeIn(folder, { database: { kind: 'postgres', url }, spoolBytes })
  }

  async function open(at: AuditPlace): Promise<{ engine: AuditEngine; told: FromThread[]; close(): Promise<void> }> {
    const { engine, told } = await openEngine(at, { retryMs: [20, 50] })
    let isOpen = true
    const close = async (): Promise<void> => {
      if (isOpen) await engine.take(closing)
      isOpen = false
    }
    closers.push(close)
    return { engine, told, close }
  }

  async function stored(url: string): Promise<string[]> {
    const rows = await server.query(url, 'SELECT request_id, kind FROM audit_records ORDER BY writer, seq')
    return rows.map((row) => `${String(row['request_id'])} ${String(row['kind'])}`)
  }

  const whereabouts = (told: readonly FromThread[]): string[] =>
    told.flatMap((message) => (message.kind === 'kept' ? [message.where] : []))
  const spoolOf = (at: AuditPlace): string => readFileSync(`${at.base}-audit-0.spool`, 'utf8')

  test('F21 a database that goes away: records are spooled on disk, and follow exactly once when it is back', async () => {
    const url = await server.createDatabase()
    const at = place(url)
    const { engine, told, close } = await open(at)
    await take(engine, startOf('before'))
    await server.kill()
    await take(engine, startOf('during'), endOf('before'))
    await take(engine, endOf('during'))
    expect(whereabouts(told)).toEqual(['recorded', 'spooled', 'spooled'])
    expect(spoolOf(at).trim().split('\n')).toHaveLength(3)
    await server.start()
    await vi.waitFor(() => expect(told.some(({ kind }) => kind === 'replayed')).toBe(true), 15_000)
    await take(engine, startOf('after'))
    expect(await stored(url)).toEqual(['before start', 'during start', 'before end', 'during end', 'after start'])
    expect(spoolOf(at)).toBe('')
    await close()
    expect((await verifyStore(openStore(url), { keys: new Set(), heads: [] })).ok).toBe(true)
  }, 60_000)

  test('F21 what was spooled by a process that was killed is replayed by the next one', async () => {
    const url = await server.createDatabase()
    const at = place(url)
    const first = await open(at)
    await take(first.engine, startOf('a'))
    await server.kill()
    await take(first.engine, startOf('b'))
    await first.close()
    await server.start()
    const second = await open(at)
    expect(await stored(url)).toEqual(['a start', 'b start', 'a end', 'b end'])
    expect(second.told.find(({ kind }) => kind === 'ready')).toMatchObject({ interrupted: 2 })
    await second.close()
    expect((await verifyStore(openStore(url), { keys: new Set(), heads: [] })).ok).toBe(true)
  }, 60_000)

  test('F21 a database that is away at the start costs no start, and a full spool fails closed until it is back', async () => {
    const url = await server.createDatabase()
    await server.kill()
    const { engine, told, close } = await open(place(url, 800))
    await take(engine, startOf('a'))
    const waiting = take(engine, startOf('b'), startOf('c'), startOf('d'))
    await vi.waitFor(
      () =>
        expect(told.find(({ kind }) => kind === 'away')).toMatchObject({ reason: expect.stringContaining('spool') }),
      10_000,
    )
    await server.start()
    await waiting
    await close()
    expect(await stored(url)).toEqual(['a start', 'b start', 'c start', 'd start'])
  }, 60_000)

  test('F21 a table that somebody has locked costs a request no more than the deadline', async () => {
    const url = await server.createDatabase()
    const { engine, told } = await open(place(url))
    await take(engine, startOf('a'))
    const locking = server.query(url, 'BEGIN; LOCK TABLE audit_records; SELECT pg_sleep(4); COMMIT')
    await new Promise((resolve) => setTimeout(resolve, 200))
    await take(engine, startOf('b'))
    expect(whereabouts(told)).toEqual(['recorded', 'spooled'])
    await locking
    await vi.waitFor(async () => expect(await stored(url)).toEqual(['a start', 'b start']), 15_000)
  }, 60_000)

  test('F22 a commit whose answer is lost is neither lost nor doubled', async () => {
    const url = await server.createDatabase()
    const proxy = await startTcpProxy(server.port)
    closers.push(() => proxy.close())
    const { engine, told, close } = await open(place(url.replace(String(server.port), String(proxy.port))))
    await take(engine, startOf('a'))
    proxy.loseAnswerTo('COMMIT')
    await take(engine, startOf('b'))
    // It was committed all the same.
    expect(await stored(url)).toEqual(['a start', 'b start'])
    expect(whereabouts(told)).toEqual(['recorded', 'spooled'])
    proxy.loseAnswerTo(undefined)
    await vi.waitFor(() => expect(told.some(({ kind }) => kind === 'replayed')).toBe(true), 15_000)
    await take(engine, startOf('c'))
    expect(await stored(url)).toEqual(['a start', 'b start', 'c start'])
    await close()
    expect((await verifyStore(openStore(url), { keys: new Set(), heads: [] })).ok).toBe(true)
  }, 60_000)
})
