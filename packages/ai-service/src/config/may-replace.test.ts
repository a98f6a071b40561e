// What a running service may take over, by what it would have to change or lose for it.
import { expect, test } from 'vitest'
import { loaderOf } from './load.test.kit.ts'
import { problemsOfReplacing } from './may-replace.ts'
import { formatProblem } from './problem.ts'

const env = { KEY: 'sk-0123456789abcdef0123', SIGNING: 'a', OTHER: 'b' }
const caller = `{ id: one, hash: "hmac-sha256:${'0123456789abcdef'.repeat(4)}" }`
const base = 'providers: { openai: { keys: [ { secret: env:KEY } ] } }\n'

type Files = Readonly<Record<string, string>>

async function problems(from: string, to: string, files: readonly [Files, Files] = [{}, {}]): Promise<string[]> {
  const load = loaderOf(env)
  const [running, next] = [await load(from, files[0]), await load(to, files[1])]
  if (running.kind === 'invalid' || next.kind === 'invalid') throw new Error('A configuration is not valid.')
  return problemsOfReplacing(running.loaded, next.loaded, next.problemAt).map(formatProblem)
}

test.each([
  ['server.host', 'server: { host: localhost }\n'],
  ['server.port', 'server: { port: 9000 }\n'],
  ['server.metrics.port', 'server: { metrics: { port: 9000 } }\n'],
  ['telemetry.metrics.enabled', 'telemetry: { metrics: { enabled: false } }\n'],
  ['stores.database', 'stores: { database: "sqlite:./other.db" }\n'],
  ['audit.enabled', 'audit: { enabled: false }\n'],
  ['audit.sinks', 'audit: { sinks: [ { kind: stdout } ] }\n'],
  ['audit.whenAway', 'audit: { whenAway: allow }\n'],
])('%s needs a restart, with its line', async (path, section) => {
  const found = await problems(base, `${base}${section}`)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^ai-service\.yaml:2:\d+ /)
  expect(found[0]).toContain(`${path}: `)
  expect(found[0]).toContain('needs a restart')
  // Taken out again, there is no such line to point at, and the change is the same.
  expect(await problems(`${base}${section}`, base)).toHaveLength(1)
})

test('everything else may change', async () => {
  const next = `max_retries: 5
server: { maxBody: 1MiB, maxConnections: 10, shutdownGrace: 1s, drainDelay: 0s, cors: [ "https://a.example.com" ] }
providers: { groq: { keys: [ { secret: env:KEY } ] } }
models: { a: { endpoints: [ { provider: groq, model: m } ] } }
auth: { mode: keys, keys: [ ${caller} ] }
limits: [ { for: key, requests: 1/s } ]
stores: { shared: "redis://localhost:6379/0" }
cache: { enabled: true }
audit: { durability: async }
telemetry: { logs: { level: debug } }
reload: { interval: 1m }
`
  expect(await problems(base, next)).toEqual([])
})

test.each([
  ['providers', base, '# none\nreload: {}\n'],
  ['models', `${base}models: { a: { endpoints: [ { provider: openai, model: m } ] } }\n`, base],
  ['auth.keys', `${base}auth: { mode: keys, keys: [ ${caller} ] }\n`, `${base}auth: { mode: keys }\n`],
  // On loopback the default would let everybody in.
  ['auth.keys', `${base}auth: { mode: keys, keys: [ ${caller} ] }\n`, base],
])('%s that are all gone are refused, and taken where it is said', async (path, from, to) => {
  const found = await problems(from, to)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(`${path}: found none where 1 served, expected at least one, or reload: { force: true }`)
  expect(
    await problems(from, to.includes('reload') ? 'reload: { force: true }' : `${to}reload: { force: true }`),
  ).toEqual([])
})

test.each([`auth: { mode: none, keys: [ ${caller} ] }\n`, `auth: { keys: [ ${caller} ] }\n`])(
  'a door with a lock is not opened by a reload unless that is said: %s',
  async (to) => {
    const from = `${base}auth: { mode: keys, keys: [ ${caller} ] }\n`
    expect(await problems(from, `${base}${to}`)).toEqual([
      expect.stringContaining('auth.mode: found none where callers needed keys, expected keys'),
    ])
    expect(await problems(from, `${base}${to}reload: { force: true }\n`)).toEqual([])
    expect(await problems(`${base}${to}`, from)).toEqual([])
  },
)

test.each(['', '\n\n', '# gone\n', '---\n...\n'])('an empty file is no configuration: %j', async (text) => {
  expect(await problems(base, text)).toEqual([expect.stringContaining('found an empty file')])
  expect(await problems(text, text)).toEqual([])
})

test('a secret whose file is emptied, or cannot be read as one, goes on serving unless that is said', async () => {
  const file = 'secrets/GROQ_API_KEY'
  const served = { [file]: 'gsk-0123456789abcdef' }
  expect(await problems(base, base, [served, { [file]: ' \n' }])).toEqual([
    expect.stringMatching(
      /found nothing to read in .*GROQ_API_KEY, whose secret serves; expected a secret, no such file/,
    ),
  ])
  expect(await problems(base, base, [served, { [file]: 'x'.repeat(1024 * 1024 + 1) }])).toHaveLength(1)
  expect(await problems(base, `${base}reload: { force: true }\n`, [served, { [file]: '' }])).toEqual([])
  expect(await problems(base, base, [served, { [file]: 'gsk-another-0123456789' }])).toEqual([])
  // One that had nothing to say before takes nothing away.
  expect(await problems(base, base, [{ [file]: '' }, { [file]: '' }])).toEqual([])
})
