// The commands around backups: what they print, and how they end.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { type BackedUpKey } from '../backup/keys-part.ts'
import { openBackups } from '../backup/open-backups.ts'
import { openObjectStore } from '../backup/object-store.ts'
import type { LoadedConfig } from '../config/config.ts'
import { folderWith } from '../config/load.test.kit.ts'
import { type Ran, run } from './program.test.kit.ts'

const env = { BACKUP_KEY: randomBytes(32).toString('base64'), OPENAI_API_KEY: 'sk-of-the-backup-tests' }
const yaml = [
  'providers: { openai: {} }',
  'server: { port: 18080, timeout: 9s }',
  'stores: { database: "sqlite:./data/ai-service.db" }',
  'backup: { to: "file:./backups", encrypt: env:BACKUP_KEY }',
  '',
].join('\n')

interface Home {
  readonly folder: string
  ask(line: string, changed?: Readonly<Record<string, string>>): Promise<Ran>
}

function home(text = yaml): Home {
  const folder = folderWith({ 'ai-service.yaml': text, 'data/.keep': '', 'backups/.keep': '' })
  const database = new DatabaseSync(join(folder, 'data', 'ai-service.db'))
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (42)')
  database.close()
  return {
    folder,
    ask: (line, changed = {}) => run(line.split(' '), { env: { ...env, ...changed }, parts: { cwd: folder } }),
  }
}

async function loadIn(cwd: string): Promise<LoadedConfig> {
  const { started } = await run(['start'], { env, parts: { cwd } })
  if (started === undefined) throw new Error('the configuration does not load')
  return started.loaded
}

const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.out)

describe('backup', () => {
  test('now, list and verify print what there is, for people and as JSON', async () => {
    const { folder, ask } = home()
    const first = await ask('backup now')
    expect(first).toMatchObject({
      code: 0,
      err: 'note: keys.json is left out: only the running service knows the state of its keys\n',
    })
    expect(first.out).toMatch(
      /^generation 1 at file:\S+\/backups\n {2}ai-service\.yaml {2}\d+ bytes {2}sha256 [0-9a-f]{64}\n {2}effective-config\.json {2}.*\n {2}data\/ai-service\.db {2}/,
    )
    expect(json(await ask('backup now --json'))).toMatchObject({
      ok: true,
      generation: 2,
      to: `file:${folder}/backups`,
    })
    const listed = await ask('backup list')
    expect(listed.out).toMatch(
      /^generation 2 {2}complete {2}20.*\ngeneration 1 {2}complete .* 3 parts {2}\d+ bytes {2}\S+\n$/,
    )
    expect(await ask('backup verify')).toMatchObject({ code: 0, out: listed.out.replaceAll('complete', 'verified') })
    const one = json(await ask('backup verify 1 --json'))
    expect(one).toMatchObject({ ok: true, generations: [{ kind: 'verified', generation: 1 }], warnings: [] })
  })

  test('what a service wrote down of its keys is shown by a dry run, and restored', async () => {
    const { folder, ask } = home()
    const loaded = await loadIn(folder)
    const settings = loaded.config.backup
    if (settings === undefined) throw new Error('no backup section')
    const keys = (): readonly BackedUpKey[] => [
      { provider: 'openai', key: 'main', fingerprint: 'a1b2c3d4', state: 'cooling', until: '2026-01-01T00:01:00.000Z' },
      { provider: 'openai', key: 'spare', fingerprint: '0f1e2d3c', state: 'quarantined' },
      { provider: 'openai', key: 'third', fingerprint: '99887766', state: 'ready' },
    ]
    await openBackups({ loaded, settings, storage: openObjectStore(settings.target), keys }).now()
    const to = join(folder, 'restored')
    const shown = await ask(`restore --to ${to} --dry-run`)
    expect(shown.out).toMatch(
      /\n {2}keys\.json {2}.*\n {4}3 provider keys; openai\/main a1b2c3d4 cooling until 2026-01-01T00:01:00\.000Z; openai\/spare 0f1e2d3c quarantined\n/,
    )
    expect(existsSync(to)).toBe(false)
    expect((await ask(`restore --to ${to}`)).code).toBe(0)
    expect(JSON.parse(readFileSync(join(to, 'keys.json'), 'utf8'))).toEqual({ keys: keys() })
  })

  test('verify names what is wrong, and is 1', async () => {
    const { folder, ask } = home()
    await ask('backup now')
    await ask('backup now')
    const part = join(folder, 'backups', 'generations', '0000000001', 'part-003')
    const bytes = readFileSync(part)
    bytes[100]! ^= 1
    rmSync(part)
    writeFileSync(part, bytes)
    const all = await ask('backup verify')
    expect(all.code).toBe(1)
    expect(all.out).toContain('generation 2  verified')
    expect(all.out).toContain(
      'generation 1  broken: generation 1, data/ai-service.db (generations/0000000001/part-003): block 1, the last, does not open',
    )
    expect((await ask('backup verify 2')).code).toBe(0)
    const foreign = await ask('backup verify --json', { BACKUP_KEY: randomBytes(32).toString('hex') })
    expect(json(foreign)).toMatchObject({ ok: false, generations: [{ kind: 'foreign' }, { kind: 'foreign' }] })
  })

  test('an empty store, a generation that is not there, and a wrong number', async () => {
    const { ask } = home()
    expect(await ask('backup list')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no backup at file:'),
    })
    await ask('backup now')
    expect(await ask('backup verify 9')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no generation 9'),
    })
    for (const word of ['latest', '0', '-1', '1.5']) expect((await ask(`restore ${word} --to x`)).code, word).toBe(64)
  })

  test('without a section, or with an unusable one, it is 78 and nothing is done', async () => {
    const bare = home('server: {}')
    for (const line of ['backup now', 'backup list', 'backup verify', 'restore --to x'])
      expect(await bare.ask(line)).toMatchObject({ code: 78, err: expect.stringContaining('found no backup section') })
    const { ask } = home()
    expect(await ask('backup now', { BACKUP_KEY: 'short' })).toMatchObject({
      code: 78,
      err: expect.stringContaining('ai-service.yaml:4:42 backup.encrypt: found something else'),
    })
  })

  test('a store that cannot be written is 1, with what to do', async () => {
    const { folder, ask } = home()
    rmSync(join(folder, 'backups'), { recursive: true })
    writeFileSync(join(folder, 'backups'), 'a file')
    const { code, err } = await ask('backup now')
    expect(code).toBe(1)
    expect(err).toContain(`file:${folder}/backups`)
    expect(err).toContain('a file stands where a folder is needed')
  })
})

test('doctor says how old the newest one is, and where their store does not answer', async () => {
  const { folder, ask } = home(yaml.replace('providers: { openai: {} }', 'providers: { simulator: {} }'))
  const found = async (): Promise<unknown> =>
    (json(await ask('doctor --json'))['findings'] as { readonly what: string }[]).filter(
      ({ what }) => what === 'backups',
    )
  expect(await found()).toEqual([{ what: 'backups', state: 'warn', detail: `file:${folder}/backups holds none` }])
  await ask('backup now')
  expect(await found()).toMatchObject([
    { state: 'ok', detail: expect.stringMatching(/^generation 1 of 20\S+ at file:/) },
  ])
  rmSync(join(folder, 'backups'), { recursive: true })
  // A disk that is not mounted: what fills the folder below it would be missed where it belongs.
  expect(await found()).toMatchObject([{ state: 'fail', detail: expect.stringContaining('there is no such folder') }])
  expect((await ask('backup now')).err).toContain('Mount the disk that belongs there, or make the folder.')
  expect(existsSync(join(folder, 'backups'))).toBe(false)
  mkdirSync(join(folder, 'backups'))
  expect(await found()).toMatchObject([
    { state: 'warn', detail: expect.stringContaining('holds none') },
    { state: 'warn', detail: expect.stringContaining('Generation 1 was written from here and none is the newest') },
  ])
})

describe('restore', () => {
  test('F48 into an empty folder gives the same effective configuration, byte for byte, and the database', async () => {
    const { folder, ask } = home()
    await ask('backup now')
    const to = join(folderWith(), 'new')
    const restored = await ask(`restore --to ${to} --json`)
    expect(restored).toMatchObject({ code: 0, err: '' })
    expect(json(restored)).toMatchObject({ ok: true, dryRun: false, configuration: 'same', notes: [], warnings: [] })
    expect(readFileSync(join(to, 'ai-service.yaml'), 'utf8')).toBe(yaml)
    const check = async (cwd: string): Promise<unknown> =>
      JSON.parse((await run(['check', '--json'], { env, parts: { cwd } })).out.replaceAll(cwd, '.'))
    expect(await check(to)).toEqual(await check(folder))
    const database = new DatabaseSync(join(to, 'data/ai-service.db'))
    expect(database.prepare('SELECT n FROM t').get()).toMatchObject({ n: 42 })
    database.close()
  })

  test('says where a secret is another, or is missing', async () => {
    const { ask } = home()
    await ask('backup now')
    const other = await ask(`restore --to ${join(folderWith(), 'a')}`, { OPENAI_API_KEY: 'sk-another-key' })
    expect(other).toMatchObject({ code: 0, err: expect.stringContaining('a secret, a variable or this version') })
    // The bootstrap of a new machine: a configuration that says where the backups are, and no more.
    const bootstrap = folderWith({
      'boot.yaml': `backup: { to: "file:${home().folder}/backups", encrypt: env:BACKUP_KEY }`,
    })
    expect(await run(['restore', '--to', 'x', '-c', 'boot.yaml'], { env, parts: { cwd: bootstrap } })).toMatchObject({
      code: 1,
    })
  })

  test('overwrites nothing without --force, and writes nothing with --dry-run', async () => {
    const { folder, ask } = home()
    await ask('backup now')
    const to = folderWith({ 'ai-service.yaml': 'mine' })
    const refused = await ask(`restore --to ${to}`)
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`${to} has ai-service.yaml already`) })
    expect(readFileSync(join(to, 'ai-service.yaml'), 'utf8')).toBe('mine')
    expect(await ask(`restore --to ${to} --dry-run`)).toMatchObject({ code: 1 })
    const dry = await ask(`restore 1 --to ${join(folder, 'dry')} --dry-run`)
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('would be restored (nothing was written)') })
    expect(existsSync(join(folder, 'dry'))).toBe(false)
    expect((await ask(`restore --to ${to} --force`)).code).toBe(0)
    expect(readFileSync(join(to, 'ai-service.yaml'), 'utf8')).toBe(yaml)
  })

  test('F27 a backup of a database that was damaged before says so, and is 1', async () => {
    const { folder, ask } = home()
    const path = join(folder, 'data', 'ai-service.db')
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 4_096)
    writeFileSync(path, bytes)
    expect((await ask('backup now')).code).toBe(0)
    const to = join(folderWith(), 'new')
    expect(await ask(`restore --to ${to}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('data/ai-service.db is not whole'),
    })
  })

  test('needs a folder', async () => {
    const { ask } = home()
    expect(await ask('restore')).toMatchObject({ code: 64, err: expect.stringContaining('--to <folder> is needed') })
  })

  test('a database elsewhere is restored beside the configuration, and where it belongs is said', async () => {
    const elsewhere = folderWith()
    const { ask } = home(yaml.replace('sqlite:./data/ai-service.db', `sqlite:${elsewhere}/far.db`))
    new DatabaseSync(join(elsewhere, 'far.db')).close()
    const made = new DatabaseSync(join(elsewhere, 'far.db'))
    made.exec('CREATE TABLE t (n)')
    made.close()
    await ask('backup now')
    const to = join(folderWith(), 'new')
    const { err, code } = await ask(`restore --to ${to}`)
    expect({ err, code }).toEqual({
      code: 0,
      err: `note: data/far.db belongs at ${elsewhere}/far.db: move it there before the start.\n`,
    })
    expect(readdirSync(join(to, 'data'))).toEqual(['far.db'])
  })
})
