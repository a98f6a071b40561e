// Commands on the audit trail: what each leaves, that the chains verify, and that nothing keeps a command from its work.
import { chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closing, openEngine, placeIn, recordsAt, verifyPlace } from '../audit/engine.test.kit.ts'
import type { AuditEngine } from '../audit/engine.ts'
import type { AuditPlace } from '../audit/messages.ts'
import { folderWith } from '../config/load.test.kit.ts'
import { type Ran, run } from './program.test.kit.ts'

const env = { OPENAI_API_KEY: 'sk-of-the-command-tests', BACKUP_KEY: 'k'.repeat(43) + '=' }
const yaml = (more = ''): string =>
  [
    'providers: { openai: {} }',
    'stores: { database: "sqlite:./audit.db" }',
    'backup: { to: "file:./backups", encrypt: env:BACKUP_KEY }',
    more,
    '',
  ].join('\n')

let folder: string
let place: AuditPlace
beforeEach(() => {
  folder = folderWith({ 'ai-service.yaml': yaml(), 'backups/.keep': '' })
  place = placeIn(folder)
})

const ask = (line: string): Promise<Ran> => run(line.split(' '), { env, parts: { cwd: folder } })
const actions = (): readonly Record<string, unknown>[] => recordsAt(place).filter(({ kind }) => kind === 'admin')

describe('beside a service that writes', () => {
  let service: AuditEngine
  beforeEach(async () => {
    service = (await openEngine(place)).engine
    await service.take({ kind: 'record', text: '', count: 0 })
  })
  afterEach(() => service.take(closing))

  test('each command leaves a record that says what was done, by whom and where', async () => {
    const created = await ask('keys create --id k7 --user alice --team search --models gpt-4o --json')
    expect(created).toMatchObject({ code: 0 })
    expect((await ask('backup now')).code).toBe(0)
    expect((await ask('restore --to restored')).code).toBe(0)
    expect((await ask(`audit export --file ${join(folder, 'export.jsonl')}`)).code).toBe(0)
    expect(actions()).toMatchObject([
      { action: 'key.created', key_id: 'k7', key_user: 'alice', key_team: 'search', models: ['gpt-4o'] },
      { action: 'backup.made', generation: 1, to: `file:${folder}/backups` },
      { action: 'backup.restored', generation: 1, from: `file:${folder}/backups`, to: join(folder, 'restored') },
      { action: 'audit.exported', to: 'file' },
    ])
    for (const record of actions())
      expect(record).toMatchObject({ via: 'command', host: expect.any(String), actor: { user: expect.any(String) } })
    const { key, entry } = JSON.parse(created.out) as {
      readonly key: string
      readonly entry: { readonly hash: string }
    }
    for (const secret of [key, entry.hash]) expect(JSON.stringify(recordsAt(place))).not.toContain(secret)
  })

  test('they share a chain beside that of the service, and everything verifies', async () => {
    for (let made = 0; made < 3; made++) await ask('keys create')
    const verified = await verifyPlace(place)
    expect(verified).toMatchObject({ ok: true, faults: [] })
    expect(new Set(actions().map(({ writer }) => writer)).size).toBe(1)
    expect(actions().map(({ seq }) => seq)).toEqual([1, 2, 3])
  })

  test('an export holds its own record, and a dry run leaves none', async () => {
    await ask('backup now')
    expect((await ask('restore --to restored --dry-run')).code).toBe(0)
    const { out } = await ask('audit export')
    expect(out).toContain('"action":"audit.exported"')
    expect(actions().map(({ action }) => action)).toEqual(['backup.made', 'audit.exported'])
  })
})

describe('where it cannot be recorded', () => {
  test('a database that is damaged: the command says so, does its work, and leaves the file alone', async () => {
    writeFileSync(
      join(folder, 'audit.db'),
      'no database at all, and longer than a header of one hundred bytes. '.repeat(9),
    )
    const before = readFileSync(join(folder, 'audit.db'))
    const { code, out, err } = await ask('keys create --id k7')
    expect(code).toBe(0)
    expect(out).toContain('ais_k7_')
    expect(err).toContain('note: key.created is not on the audit trail: ')
    expect(readFileSync(join(folder, 'audit.db')).equals(before)).toBe(true)
  })

  test('no service has recorded here yet: it says so and makes neither database nor key', async () => {
    expect(await ask('keys create')).toMatchObject({
      code: 0,
      err: expect.stringContaining('note: key.created is not on the audit trail: no service has recorded here yet.'),
    })
    expect(readdirSync(folder)).toEqual(['ai-service.yaml', 'backups'])
  })

  test.each([
    ['switched off', 'audit: { enabled: false }', ''],
    ['printed alone', 'audit: { sinks: [ { kind: stdout } ] }', 'audit.sinks has no store'],
  ])('a trail that is %s gets nothing', async (_, more, told) => {
    writeFileSync(join(folder, 'ai-service.yaml'), yaml(more))
    const { code, err } = await ask('keys create')
    expect(code).toBe(0)
    expect(err.includes('not on the audit trail')).toBe(told !== '')
    expect(err).toContain(told)
    expect(existsSync(join(folder, 'audit.db'))).toBe(false)
  })

  test('keys create without a configuration file records nothing', async () => {
    const { engine } = await openEngine(placeIn(join(folder, 'data')))
    await engine.take(closing)
    const { code, err } = await run(['keys', 'create'], { env, parts: { cwd: join(folder, 'data') } })
    expect(code).toBe(0)
    expect(err).not.toContain('audit trail')
  })
})

test('a restore on a new machine is recorded in the restored trail', async () => {
  const { engine } = await openEngine(place)
  await engine.take(closing)
  await ask('backup now')
  const boot = folderWith({ 'boot.yaml': `backup: { to: "file:${folder}/backups", encrypt: env:BACKUP_KEY }` })
  const to = join(boot, 'restored')
  const restored = await run(['restore', '--to', to, '-c', 'boot.yaml'], { env, parts: { cwd: boot } })
  expect(restored).toMatchObject({ code: 0, err: '' })
  const there = placeIn(to)
  expect(recordsAt(there)).toMatchObject([{ action: 'backup.restored', generation: 1, to }])
  expect(await verifyPlace(there)).toMatchObject({ ok: true })
})

// Only root may give files away.
test.runIf(process.getuid?.() === 0)(
  'what root’s command makes beside the database belongs to the database’s owner',
  async () => {
    const { engine } = await openEngine(place)
    const nobody = 65_534
    for (const name of readdirSync(folder)) chownSync(join(folder, name), nobody, nobody)
    await ask('keys create')
    const made = readdirSync(folder).filter((name) => name.startsWith('audit.db'))
    expect(made).toContain('audit.db-audit-1')
    for (const name of made) expect([name, statSync(join(folder, name)).uid]).toEqual([name, nobody])
    await engine.take(closing)
  },
)
