// What a start loads: what nobody configured costs neither time nor memory.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const hook = `
import { registerHooks } from 'node:module'
import { writeFileSync } from 'node:fs'
const seen = []
registerHooks({ load(url, context, next) { seen.push(url); return next(url, context) } })
process.on('exit', () => writeFileSync(process.env.SEEN, seen.join('\\n')))
`
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
  writeFileSync(join(folder, 'hook.mjs'), hook)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts, waits until it listens, ends it. Names of packages and files that its main thread has loaded. */
async function loadedBy(yaml: string | undefined): Promise<ReadonlySet<string>> {
  const config = join(folder, 'ai-service.yaml')
  rmSync(config, { force: true })
  if (yaml !== undefined)
    writeFileSync(config, `server: { port: 0, metrics: { port: 0 }, admin: { port: 0 } }\n${yaml}`)
  const seen = join(folder, 'seen')
  const child = spawn(process.execPath, ['--import', join(folder, 'hook.mjs'), bin], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', SEEN: seen, KEY: 'sk-loaded-0123456789', AI_SERVICE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let said = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('"listening"')) resolve()
    })
    void ended.then(() => resolve())
  })
  child.kill('SIGINT')
  await ended
  const urls = readFileSync(seen, 'utf8').split('\n')
  return new Set(
    urls.flatMap((url) => [/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url.replace(/^.*\/packages\//, '')]),
  )
}

const providers =
  'providers: { openai: { keys: [ { secret: env:KEY } ] }, anthropic: { keys: [ { secret: env:KEY } ] } }\n'
const optional = ['pg', '@redis/client', '@aws-sdk/client-s3', 're2js']
const ours =
  /^(?:simulator\/|ai-service\/dist\/(?:stores\/postgres|cli\/(?:backup|restore|audit|doctor))|ai-lib\/dist\/(?:backup\/s3|index\.js|client\/ai-client))/

test('a start with providers, caller keys and the audit trail loads no server’s client, command or library that it has no use for', async () => {
  const loaded = await loadedBy(`${providers}auth: { mode: keys, keys: [] }\n`)
  expect(loaded).toContain('pino')
  expect([...loaded].filter((name) => optional.includes(name) || ours.test(name))).toEqual([])
  // What grows here grows every start: raise it with a reason.
  const packages = [...loaded].filter(
    (name) => !name.startsWith('node:') && (!name.includes('/') || name.startsWith('@')),
  )
  expect(packages.toSorted()).toEqual([
    '@opentelemetry/api',
    '@pinojs/redact',
    'atomic-sleep',
    'bintrees',
    'commander',
    'on-exit-leak-free',
    'pino',
    'pino-std-serializers',
    'prom-client',
    'quick-format-unescaped',
    'safe-stable-stringify',
    'sonic-boom',
    'tdigest',
    'thread-stream',
    'yaml',
    'zod',
  ])
}, 60_000)

test('demo mode loads the simulator, and nothing else that is optional', async () => {
  const loaded = await loadedBy(undefined)
  expect([...loaded].some((name) => name.startsWith('simulator/'))).toBe(true)
  expect([...loaded].filter((name) => optional.includes(name))).toEqual([])
}, 60_000)
