// The audit trail through a backup: taken while requests are recorded, it comes back with chains that verify; what was altered is named.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { chatBody, eventually, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { type Postgres, startPostgres } from '../kit/postgres.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'

const env = { BACKUP_KEY: randomBytes(32).toString('hex') }

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ai-service-audit-backup-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const ask = async (service: RunningService): Promise<void> => {
  expect((await post(service.url, '/v1/chat/completions', chatBody('simulator/echo'))).status).toBe(200)
}

/** Requests without a pause until the returned function is called. */
function load(service: RunningService): () => Promise<void> {
  let isOver = false
  const loops = Array.from({ length: 4 }, async () => {
    while (!isOver) await ask(service)
  })
  return async () => {
    isOver = true
    await Promise.all(loops)
  }
}

const command = (service: RunningService, line: string) => runCommand(line.split(' '), { cwd: service.folder, env })

describe('with SQLite', () => {
  let service: RunningService
  beforeAll(async () => {
    service = await startService({
      yaml: 'providers: { simulator: {} }\nbackup: { to: "file:./backups", encrypt: env:BACKUP_KEY }',
      env,
    })
    mkdirSync(join(service.folder, 'backups'))
  })
  afterAll(() => service.stop())

  test('F48 a trail that is written to meanwhile comes back whole, each time', async () => {
    const settle = load(service)
    for (let taken = 0; taken < 5; taken += 1) expect(await command(service, 'backup now')).toMatchObject({ code: 0 })
    await settle()
    let recorded = 0
    for (const generation of [1, 3, 5]) {
      const to = join(folder(), 'restored')
      const restored = await command(service, `restore ${generation} --to ${to} --json`)
      const told = JSON.parse(restored.out)
      expect(told).toMatchObject({ ok: true, configuration: 'same', trail: { ok: true, faults: [] } })
      // The service's, and from the second backup on that of the command.
      const chains = generation === 1 ? 1 : 2
      expect(told.trail.chains).toBe(chains)
      expect(told.trail.records).toBeGreaterThan(recorded)
      recorded = told.trail.records
      expect(await runCommand(['audit', 'verify'], { cwd: to, env })).toMatchObject({ code: 0 })
      // A log without heads compares nothing: that must not pass for a comparison.
      writeFileSync(join(to, 'nothing.log'), 'nothing\n')
      const unheaded = await runCommand(['audit', 'verify', '--heads', join(to, 'nothing.log')], { cwd: to, env })
      expect(unheaded).toMatchObject({ code: 1 })
      expect(unheaded.err).toContain('nothing.log has no signed head in it')
      expect(told.parts.at(-1).facts).toMatchObject({
        chains: String(chains),
        chain_head: expect.stringMatching(/^\S+ \d+ [0-9a-f]{64}$/),
      })
    }
  }, 120_000)

  test('a service that goes on from there begins a chain of its own, and everything verifies', async () => {
    const to = join(folder(), 'restored')
    expect(await command(service, `restore --to ${to}`)).toMatchObject({ code: 0 })
    const next = await startService({
      yaml: `providers: { simulator: {} }\nstores: { database: "sqlite:${to}/data/ai-service.db" }`,
      env,
    })
    await ask(next)
    await next.stop()
    const { code, out } = await runCommand(['audit', 'verify'], { cwd: to, env })
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('3 chains') })
  }, 60_000)

  test('a trail that was altered before it was backed up is named, and the restore is 1', async () => {
    const home = folder()
    const source = await startService({
      yaml: `providers: { simulator: {} }\nstores: { database: "sqlite:${home}/a.db" }`,
      env,
    })
    for (let asked = 0; asked < 3; asked += 1) await ask(source)
    await source.stop()
    const database = new DatabaseSync(join(home, 'a.db'))
    database.exec(`UPDATE audit_records SET record = replace(record, '"completed"', '"cancelled"') WHERE seq = 5`)
    database.close()
    mkdirSync(join(home, 'b'))
    writeFileSync(
      join(home, 'ai-service.yaml'),
      'providers: { simulator: {} }\nstores: { database: "sqlite:./a.db" }\nbackup: { to: "file:./b", encrypt: env:BACKUP_KEY }',
    )
    expect(await runCommand(['backup', 'now'], { cwd: home, env })).toMatchObject({ code: 0 })
    const { code, err } = await runCommand(['restore', '--to', join(home, 'r')], { cwd: home, env })
    expect(code).toBe(1)
    expect(err).toMatch(/The audit trail does not verify: chain \S+: /)
  }, 60_000)
})

needs('postgres')('with PostgreSQL', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  }, 60_000)
  afterAll(() => postgres.stop())

  test('the trail goes as lines that end with the signed heads, and verifies after a restore', async () => {
    const url = await postgres.createDatabase()
    const service = await startService({
      yaml: `providers: { simulator: {} }\nstores: { database: "${url}" }\nbackup: { to: "file:./backups", encrypt: env:BACKUP_KEY }`,
      env,
    })
    onTestFinished(() => service.stop())
    mkdirSync(join(service.folder, 'backups'))
    const settle = load(service)
    await eventually(
      async () => Number((await postgres.query(url, 'SELECT count(*) AS n FROM audit_records'))[0]?.['n']) > 50,
      'records',
    )
    expect(await command(service, 'backup now')).toMatchObject({ code: 0 })
    await settle()
    const to = join(folder(), 'restored')
    const restored = await command(service, `restore --to ${to} --json`)
    expect(JSON.parse(restored.out)).toMatchObject({ ok: true, configuration: 'same', trail: { ok: true, chains: 1 } })
    const lines = readFileSync(join(to, 'data/audit-trail.jsonl'), 'utf8').trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'head' })
    expect(lines.length).toBeGreaterThan(50)
    const verified = await command(service, `audit verify --file ${to}/data/audit-trail.jsonl`)
    expect(verified).toMatchObject({ code: 0 })
    await postgres.kill()
    const away = await command(service, 'backup now')
    expect(away.code).toBe(1)
    expect(away.err).toContain('The audit trail in PostgreSQL cannot be read')
    expect(await command(service, 'backup verify')).toMatchObject({ code: 0, err: '' })
    await postgres.start()
  }, 120_000)
})
