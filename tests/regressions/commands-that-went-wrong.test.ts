// What commands and a start that cannot go on leave behind, and what they say: each of these was once wrong.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommandResult, runCommand } from '../kit/command.ts'

const env = { OPENAI_API_KEY: 'sk-of-a-command-0123456789', BACKUP_KEY: 'k'.repeat(43) + '=' }
let folder: string
let taken: Server
let port: number
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
  taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterEach(() => {
  taken.close()
  rmSync(folder, { recursive: true, force: true })
})

function configure(more = ''): void {
  const server = `server: { port: ${port}, metrics: { port: 0 }, admin: { port: 0 } }\n`
  writeFileSync(
    join(folder, 'ai-service.yaml'),
    `${server}providers: { openai: {} }\nbackup: { to: "file:.", encrypt: env:BACKUP_KEY }\n${more}`,
  )
}

const ask = (...args: string[]): Promise<CommandResult> => runCommand(args, { cwd: folder, env })

test('a start whose port is taken says so on the audit trail too', async () => {
  configure()
  const started = await ask('start')
  expect([started.code, started.err]).toEqual([1, expect.stringContaining('the port is taken')])
  const { out } = await ask('audit', 'tail', '--json')
  const records = out
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  expect(records.map(({ action, reason }) => [action, reason])).toEqual([
    ['service.start', undefined],
    ['service.start_failed', 'EADDRINUSE'],
  ])
  expect((await ask('audit', 'verify')).out).toContain('The audit trail is whole: 1 chain.\n')
})

test('audit export says how much it wrote, and what is wrong with a file that it cannot write', async () => {
  configure()
  await ask('start')
  const toFile = await ask('audit', 'export', '--file', 'trail.jsonl')
  // The failed start's two records, and the export's own.
  expect(toFile).toEqual({ code: 0, out: '', err: 'exported 3 records of 1 chain\n' })
  expect(readFileSync(join(folder, 'trail.jsonl'), 'utf8').trim().split('\n')).toHaveLength(4)
  const again = await ask('audit', 'export', '--file', 'trail.jsonl')
  expect(again).toMatchObject({
    code: 1,
    err: `error: ${join(folder, 'trail.jsonl')} cannot be written: it is there already; name a new file. Nothing was exported.\n`,
  })
  const nowhere = await ask('audit', 'export', '--file', 'nowhere/trail.jsonl')
  expect(nowhere.err).toContain('nowhere/trail.jsonl cannot be written: ENOENT: there is no such file')
  expect(nowhere.err).not.toContain('the audit trail cannot be read')
  // Two that did not take place are not on record.
  expect((await ask('audit', 'tail', '--json')).out.match(/audit\.exported/g)).toHaveLength(1)
})

test('a restore, or a database, where no folder can be made is refused at once', async () => {
  if (!existsSync('/proc/self')) return
  configure()
  await ask('backup', 'now')
  const restored = await ask('restore', '--to', '/proc/ai-service-restored')
  expect([restored.code, restored.err]).toEqual([
    1,
    expect.stringContaining('/proc/ai-service-restored cannot be written (ENOENT)'),
  ])
  configure('stores: { database: "sqlite:/proc/ai-service/a.db" }\n')
  expect(await ask('start')).toMatchObject({
    code: 78,
    err: expect.stringContaining('cannot write into /proc/ai-service'),
  })
}, 30_000)

test('check warns of caller keys that allow what nothing serves, and of nothing else', async () => {
  const hash = (digit: string): string => `hmac-sha256:${digit.repeat(64)}`
  configure(
    [
      'models: { production: { endpoints: [ { provider: openai, model: gpt-4o } ] } }',
      'auth:',
      '  mode: keys',
      '  keys:',
      `    - { id: a, hash: "${hash('1')}", models: [ production, openai/anything, gpt-4o-mini ] }`,
      `    - { id: b, hash: "${hash('2')}", models: [ producton, anthropic/claude-sonnet-5, claude-sonnet-5 ] }`,
    ].join('\n'),
  )
  const { code, err } = await ask('check')
  expect(code).toBe(0)
  expect(err.split('\n').filter((line) => line.includes('allows'))).toEqual([
    'warning: The caller key b allows producton, which nothing here serves; did you mean production?',
    'warning: The caller key b allows anthropic/claude-sonnet-5, which nothing here serves.',
    'warning: The caller key b allows claude-sonnet-5, which nothing here serves.',
  ])
})
