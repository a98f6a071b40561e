// The command line from the outside: exit codes, what is printed where, and what never is.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { parseCallerKey } from '../keys/caller-key.ts'
import { createKeyVerifier } from '../keys/verify-caller-key.ts'
import { loadYaml, mustLoad, NOW_MS } from '../config/load.test.kit.ts'
import { run } from './program.test.kit.ts'

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('no command starts the service, and so does start', async () => {
  for (const argv of [[], ['start']]) {
    const { code, started } = await run(argv, { env: { OPENAI_API_KEY: 'k' } })
    expect(code).toBe(0)
    expect([...(started?.loaded.config.providers.keys() ?? [])]).toEqual(['openai'])
  }
})

test('start gives back the service’s exit code and lets it read its configuration again', async () => {
  const { code } = await run([], { parts: { start: async () => 7 } })
  expect(code).toBe(7)
  const { started } = await run(['--config', 'c.yaml'], { files: { 'c.yaml': 'server: { port: 9 }' } })
  expect(started?.loaded.config.server.port).toBe(9)
  expect(await started?.options.reload()).toMatchObject({ kind: 'loaded', loaded: { config: { server: { port: 9 } } } })
})

test('T17 a fault of a command is told without the secrets in its message', async () => {
  const secret = 'sk-proj-0123456789abcdef'
  const { code, err } = await run([], { parts: { start: () => Promise.reject(new Error(`dial ${secret}`)) } })
  expect(code).toBe(1)
  expect(err).toMatch(/dial \[redacted:sk-key:[0-9a-f]{8}\]/)
  expect(err).not.toContain(secret)
})

test('F41 a wrong configuration is 78 with file, line, column and path, and nothing starts', async () => {
  for (const argv of [[], ['start'], ['check'], ['doctor', '--no-network'], ['health'], ['keys', 'create']]) {
    // A service of whoever runs this may listen on the usual port, and be well.
    const { code, err, started } = await run(argv, { yaml: 'server:\n  prot: 1\n', env: { AI_SERVICE_PORT: '1' } })
    expect(code).toBe(78)
    expect(err).toContain('ai-service.yaml:2:3 server.prot: found an unknown key prot; did you mean port?')
    expect(err).toContain('nothing was started')
    expect(started).toBeUndefined()
  }
})

test.each([
  [['chek'], 'unknown command chek; did you mean check?'],
  [['zzz'], 'unknown command zzz; the commands are start, check, doctor'],
  [['start', 'now'], 'unknown command now'],
  [['check', '--jsno'], '--json'],
  [['--port', '80'], 'AI_SERVICE_PORT'],
  [['keys', 'crate'], 'create'],
  [['keys'], 'Usage: ai-service keys'],
  [['audit'], 'Usage: ai-service audit'],
  [['--config'], 'argument missing'],
  [['check', 'extra'], 'too many arguments'],
  [['simulator', '--port', 'x'], '--port takes'],
  [['keys', 'create', '--id', 'a b'], '--id takes'],
  [['keys', 'create', '--user', 'a\nb'], '--user takes'],
  [['keys', 'create', '--models', 'a,,b'], '--models takes'],
  [['keys', 'create', '--expires', 'soon'], '--expires takes'],
  [['keys', 'create', '--expires', '2020-01-01'], 'lies in the past'],
])('wrong usage %j is 64 and says what would be right', async (argv, expected) => {
  const { code, err, out, started } = await run(argv)
  expect({ code, out, started }).toEqual({ code: 64, out: '', started: undefined })
  expect(err).toContain(expected)
})

test.each(['keys list', 'keys revoke k1', 'keys rotate k1'])('%s says that it is of a later version', async (line) => {
  const { code, err } = await run(line.split(' '))
  expect(code).toBe(1)
  expect(err).toMatch(/^not available in this version: keys/)
})

test('--help and --version are 0; the page about the command line names every command', async () => {
  expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' })
  const { code, out } = await run(['--help'])
  expect(code).toBe(0)
  const page = readFileSync(new URL('../../../../docs/reference/cli.md', import.meta.url), 'utf8')
  const commands = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name ?? '')
  expect(commands.length).toBeGreaterThan(8)
  for (const name of commands) if (name !== 'help') expect(page).toMatch(new RegExp(`\`${name}[ \`]`))
})

test('check prints the plan as YAML, warnings on stderr, and the same as JSON', async () => {
  const world = { yaml: 'auth: { mode: keys }\nserver: { timeout: 9s }', env: { OPENAI_API_KEY: 'k' } }
  const text = await run(['check'], world)
  expect(text.code).toBe(0)
  expect(parse(text.out)).toMatchObject({
    auth: { mode: 'keys' },
    providers: [{ name: 'openai', timeouts: { totalMs: 9_000 } }],
  })
  expect(text.err).toContain('warning: auth.keys is empty')
  const json = await run(['check', '--json'], world)
  expect(json.out.trim().split('\n')).toHaveLength(1)
  expect(JSON.parse(json.out)).toMatchObject({
    ok: true,
    plan: { auth: { mode: 'keys' } },
    warnings: [expect.stringContaining('auth.keys')],
  })
  const wrong = await run(['check', '--json'], { yaml: 'x: 1' })
  expect(wrong.code).toBe(78)
  expect(JSON.parse(wrong.out)).toMatchObject({
    ok: false,
    problems: [{ file: 'ai-service.yaml', line: 1, column: 1, path: 'x' }],
  })
})

test('schema prints a JSON Schema', async () => {
  const { code, out } = await run(['schema'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ type: 'object', additionalProperties: false, properties: { server: {} } })
})

test('keys create prints a key whose line lets it in, with the pepper of the config', async () => {
  const env = { PEPPER: 'pepper', OPENAI_API_KEY: 'k' }
  const yaml = 'auth: { mode: keys, pepper: env:PEPPER }'
  const argv = [
    'keys',
    'create',
    '--user',
    'alice',
    '--team',
    'search',
    '--models',
    'a, openai/gpt',
    '--expires',
    '2027-01-01',
  ]
  const { code, out } = await run([...argv, '--json'], { yaml, env })
  expect(code).toBe(0)
  const made = JSON.parse(out) as { key: string; yaml: string; entry: { id: string } }
  expect(parseCallerKey(made.key)).toEqual({ id: made.entry.id })
  const { config } = await mustLoad(`auth:\n  mode: keys\n  pepper: env:PEPPER\n  keys:\n    ${made.yaml}\n`, { env })
  const verdict = createKeyVerifier(config.auth, () => NOW_MS)(made.key)
  expect(verdict).toMatchObject({
    kind: 'known',
    key: { user: 'alice', team: 'search', models: ['a', 'openai/gpt'], expiresMs: Date.UTC(2027, 0, 1) },
  })
  const text = await run(argv, { yaml, env })
  expect(text.out).toContain(made.key)
  expect(text.out).toContain(made.yaml)
  expect(text.out).toContain('which a running service takes over')
})

test('keys create refuses an id that is taken and notes where nobody asks for keys', async () => {
  const yaml = `auth: { keys: [ { id: k1, hash: "hmac-sha256:${'0'.repeat(64)}" } ] }`
  expect(await run(['keys', 'create', '--id', 'k1'], { yaml })).toMatchObject({ code: 64, out: '' })
  expect((await run(['keys', 'create', '--id', 'k2'], { yaml })).err).toContain('auth.mode is none here')
})

test('health is 0 where the service is ready and 1 where it is not or is away', async () => {
  let status = 200
  const asked: (string | undefined)[] = []
  const port = await listen(({ url }, response) => {
    asked.push(url)
    response.writeHead(status).end('{}')
  })
  const env = { AI_SERVICE_PORT: String(port) }
  expect(await run(['health'], { env })).toMatchObject({ code: 0, out: `127.0.0.1:${port} is ready\n` })
  status = 503
  expect(await run(['health'], { env })).toMatchObject({ code: 1, out: expect.stringContaining('status 503') })
  expect(asked).toEqual(['/health/ready', '/health/ready'])
  const away = await run(['health', '--json'], { env: { AI_SERVICE_PORT: String(await freePort()) } })
  expect(away.code).toBe(1)
  expect(JSON.parse(away.out)).toMatchObject({ ready: false, detail: 'ECONNREFUSED' })
})

test('health asks loopback where the service listens everywhere', async () => {
  const port = await listen((_, response) => response.writeHead(200).end())
  expect((await run(['health'], { env: { AI_SERVICE_HOST: '0.0.0.0', AI_SERVICE_PORT: String(port) } })).code).toBe(0)
})

test('health asks the service that runs where the file was spoilt since, and needs no key of a provider', async () => {
  const port = await listen((_, response) => response.writeHead(200).end())
  const spoilt = await run(['health'], { yaml: `server: { host: 127.0.0.1, port: ${port} }\nsever: {}\n` })
  expect(spoilt).toMatchObject({ code: 0, out: `127.0.0.1:${port} is ready\n` })
  expect(spoilt.err).toBe('warning: the configuration is not valid now; the service runs with the one before it.\n')
  const unreadable = await run(['health'], { yaml: 'server: {', env: { AI_SERVICE_PORT: String(port) } })
  expect(unreadable.code).toBe(0)
  const away = await run(['health'], { yaml: `server: { port: ${await freePort()} }\nsever: {}\n` })
  expect(away.code).toBe(78)
  const keyless = `server: { port: ${port} }\nproviders: { openai: { keys: [ { secret: env:NOWHERE } ] } }\n`
  expect(await run(['health'], { yaml: keyless })).toMatchObject({ code: 0, err: '' })
})

test('doctor reaches providers without showing them a key, and sees a wrong clock', async () => {
  const headers: unknown[] = []
  const port = await listen((request, response) => {
    headers.push(request.headers)
    response.writeHead(401, { date: 'Mon, 01 Jun 2026 01:00:00 GMT' }).end()
  })
  const base = `http://127.0.0.1:${port}/v1`
  const env = {
    OPENAI_API_KEY: 'canary-key',
    OPENAI_BASE_URL: base,
    AI_SERVICE_PORT: '0',
    AI_SERVICE_METRICS_PORT: '0',
  }
  const { code, out } = await run(['doctor'], { env })
  expect(out).toMatch(/^ok {4}network openai: 127\.0\.0\.1:\d+ answers with status 401/m)
  expect(out).toMatch(/^fail {2}clock: 1\.0 h behind 127\.0\.0\.1:\d+\n {6}-> Let NTP set it/m)
  expect(code).toBe(1)
  expect(headers).toHaveLength(1)
  expect(JSON.stringify(headers)).not.toContain('canary-key')
})

test('doctor asks the receiver of traces with its token, and warns where it will not have them', async () => {
  const asked: unknown[] = []
  const port = await listen((request, response) => {
    asked.push([request.method, request.url, request.headers.authorization])
    response.writeHead(asked.length === 1 ? 200 : 401).end('{}')
  })
  const env = {
    OPENAI_API_KEY: 'canary-key',
    OPENAI_BASE_URL: `http://127.0.0.1:${await listen((_, response) => response.writeHead(401).end())}/v1`,
    AI_SERVICE_PORT: '0',
    AI_SERVICE_METRICS_PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary-token',
  }
  const [well, refused] = [await run(['doctor'], { env }), await run(['doctor'], { env })]
  expect(well.out).toContain(`ok    traces: 127.0.0.1:${port} takes them`)
  expect(refused.out).toContain(
    `warn  traces: 127.0.0.1:${port}: it answers with status 401; the service runs without it`,
  )
  expect(asked).toEqual(Array(2).fill(['POST', '/v1/traces', 'Bearer canary-token']))
  expect(well.out + refused.out).not.toContain('canary-token')
})

test('doctor is 1 where a provider is away, the runtime too old or the port taken by a stranger', async () => {
  const base = `http://127.0.0.1:${await freePort()}/v1`
  const away = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: base, AI_SERVICE_PORT: '0', AI_SERVICE_METRICS_PORT: '0' }
  expect(await run(['doctor'], { env: away })).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^fail {2}network openai/m),
  })
  expect((await run(['doctor', '--no-network'], { env: away })).code).toBe(0)
  const versions = { node: '24.9.0', sqlite: '3.50.0' }
  const old = await run(['doctor', '--no-network', '--json'], { env: away, parts: { versions } })
  expect(old.code).toBe(1)
  const { findings } = JSON.parse(old.out) as { findings: { what: string; state: string }[] }
  expect(findings.filter(({ state }) => state === 'fail').map(({ what }) => what)).toEqual(['node', 'sqlite'])
  const port = await listen((_, response) => response.writeHead(404).end())
  const taken = await run(['doctor', '--no-network'], { env: { ...away, AI_SERVICE_PORT: String(port) } })
  expect(taken).toMatchObject({ code: 1, out: expect.stringContaining('EADDRINUSE') })
  const metrics = await run(['doctor', '--no-network'], { env: { ...away, AI_SERVICE_METRICS_PORT: String(port) } })
  expect(metrics).toMatchObject({ code: 1, out: expect.stringMatching(/^fail {2}metrics address .*EADDRINUSE/m) })
})

test('doctor warns where the shared store is away, and shows no password', async () => {
  const yaml = 'stores: { shared: "redis://:pw-canary@127.0.0.1:1/2" }'
  const { out, err } = await run(['doctor'], { yaml, env: {} })
  expect(`${out}${err}`).not.toContain('pw-canary')
  expect(out).toContain('warn  shared store: 127.0.0.1:1/2 is not reached: connect ECONNREFUSED')
})

test('doctor takes the running service on the port as well, and looks at the modes of secret files', async () => {
  const port = await listen(({ url }, response) =>
    response.writeHead(url === '/health/live' ? 200 : 404).end('{"status":"live"}'),
  )
  const yaml = 'providers: { openai: { keys: [ { secret: file:key } ] } }'
  const { code, out } = await run(['doctor', '--no-network'], {
    yaml,
    files: { key: 'k\n' },
    env: { AI_SERVICE_PORT: String(port) },
  })
  expect(out).toContain('in use, by an ai-service that answers')
  // Made with the mode that this user's umask gives.
  expect(out).toMatch(
    /^(?:ok {4}\S+\/key: mode 0[67]\d0|fail {2}\S+\/key: mode 0\d{3}: everybody on this machine may read it)$/m,
  )
  expect(code).toBe(out.includes('everybody') ? 1 : 0)
})

test('simulator listens, says where, and ends when it is interrupted', async () => {
  let status: number | undefined
  let said = ''
  const { code, out } = await run(['simulator', '--port', '0'], {
    parts: {
      stdout: { write: (text) => (said += text) },
      interrupted: async () => {
        const url = /http:\S+/.exec(said)?.[0] ?? ''
        status = (await fetch(`${url}/v1/models`)).status
      },
    },
  })
  expect({ code, status, out }).toEqual({ code: 0, status: 200, out: '' })
  const port = await listen(() => undefined)
  expect((await run(['simulator', '--port', String(port)])).err).toContain('choose another with --port')
})

const commands = [
  ['check'],
  ['check', '--json'],
  ['doctor', '--no-network'],
  ['doctor', '--no-network', '--json'],
  ['health'],
  ['keys', 'create', '--json'],
  ['start'],
]

// Where somebody may put a secret: the right places, and the wrong ones.
const places: readonly ((canary: string) => {
  yaml?: string
  env?: Record<string, string>
  files?: Record<string, string>
})[] = [
  (canary) => ({ env: { OPENAI_API_KEY: canary } }),
  (canary) => ({ env: { AI_API_KEY: canary, AI_BASE_URL: 'http://127.0.0.1:1/v1' } }),
  (canary) => ({ env: { OPENAI_API_KEY: `${canary}\nx` } }),
  (canary) => ({ env: { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: `https://u:${canary}@x.example.com/v1` } }),
  (canary) => ({ env: { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: `https://x.example.com/v1?key=${canary}` } }),
  (canary) => ({ env: { OPENAI_API_KEY: 'k', HTTPS_PROXY: `http://u:${canary}@proxy:1` } }),
  (canary) => ({ env: { OPENAI_API_KEY: 'k', HTTPS_PROXY: `socks5://u:${canary}@proxy:1` } }),
  (canary) => ({ env: { OPENAI_API_KEY: 'k', AI_PROXY_URL: `http://u:${canary}@proxy:1` } }),
  (canary) => ({ env: { AI_SERVICE_PORT: canary, AI_TIMEOUT_SECS: canary } }),
  (canary) => ({ files: { 'secrets/OPENAI_API_KEY': canary } }),
  (canary) => ({ yaml: 'providers: { openai: { keys: [ { secret: file:key } ] } }', files: { key: canary } }),
  (canary) => ({ yaml: `providers: { openai: { keys: [ { secret: "${canary}" } ] } }` }),
  (canary) => ({ yaml: `providers: { openai: { keys: [ "${canary}" ] } }` }),
  (canary) => ({ yaml: `providers: { openai: { keys: "${canary}" } }` }),
  (canary) => ({ yaml: `providers: { openai: { keys: [ { secret: "env:${canary}-" } ] } }` }),
  (canary) => ({ yaml: `providers: { openai: { keys: [ { secret: "\${${canary}}" } ] } }` }),
  (canary) => ({
    yaml: `providers: { openai: { proxy: "http://u:${canary}@proxy:1" } }`,
    env: { OPENAI_API_KEY: 'k' },
  }),
  (canary) => ({ yaml: `providers: { openai: { proxy: "ftp://u:${canary}@proxy:1" } }`, env: { OPENAI_API_KEY: 'k' } }),
  (canary) => ({ yaml: `providers: { openai: { headers: { X-Token: "${canary}" } } }`, env: { OPENAI_API_KEY: 'k' } }),
  (canary) => ({
    yaml: `providers: { openai: { baseUrl: "https://x.example.com/v1#${canary}" } }`,
    env: { OPENAI_API_KEY: 'k' },
  }),
  (canary) => ({ yaml: `server: { admin: { credential: "${canary}" } }` }),
  (canary) => ({ yaml: 'server: { admin: { credential: env:ADMIN } }', env: { ADMIN: canary } }),
  (canary) => ({ yaml: 'auth: { mode: keys, pepper: env:PEPPER }', env: { PEPPER: canary } }),
  (canary) => ({
    yaml: `auth: { mode: "${canary}", keys: [ { id: "${canary}", hash: "${canary}", user: "${canary} x" } ] }`,
  }),
  (canary) => ({
    yaml: `server: { port: "${canary}", timeout: "${canary}", maxBody: "${canary}", host: "${canary} " }`,
  }),
  (canary) => ({ yaml: `stores: { database: "postgres://u:${canary}@db/x", shared: "redis://:${canary}@cache" }` }),
  (canary) => ({ yaml: `stores: { shared: "redis://u:${canary}@cache:6379/0" }` }),
  (canary) => ({ yaml: 'stores: { shared: env:SHARED }', env: { SHARED: `rediss://u:${canary}@cache` } }),
  (canary) => ({ yaml: `stores: { database: "${canary}", shared: "${canary}" }` }),
  (canary) => ({
    yaml: `models: { a: { strategy: "${canary}", endpoints: [ { provider: "${canary}", model: "m", url: "https://${canary}@x" } ], fallbacks: [ "${canary}" ] } }`,
  }),
  (canary) => ({ yaml: `server: "${canary}\n` }),
  (canary) => ({ yaml: `server: @${canary}\n` }),
  (canary) => ({ yaml: `server: !${canary} x\n` }),
  (canary) => ({ yaml: `server: *${canary}\n` }),
  (canary) => ({ yaml: `server: { a: ${canary}: ${canary} }\n` }),
  (canary) => ({ yaml: canary }),
  (canary) => ({ yaml: `sk-${canary}: 1\nproviders: { sk-${canary}: {}, openai: { ais_${canary}: 1 } }` }),
]

test('T17 no command shows a secret, wherever somebody has put it', async () => {
  const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), fc.constantFrom(...commands), hex, async (place, argv, random) => {
      const canary = `Canary${random}`
      const { env, ...world } = place(canary)
      const { out, err, started } = await run(argv, { ...world, env: { AI_SERVICE_PORT: '1', ...env } })
      expect(`${out}${err}`).not.toContain(canary)
      expect(`${out}${err}`).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20))
      expect(JSON.stringify(started?.loaded.warnings ?? [])).not.toContain(canary)
    }),
    { numRuns: 400 },
  )
}, 60_000)

test('every place of a secret is tried with check at least once, and its result holds none', async () => {
  for (const place of places) {
    const canary = `Canary${createHash('sha256').update(String(place)).digest('hex')}`
    const { yaml, ...world } = place(canary)
    const result = await loadYaml(yaml, world)
    const shown = result.kind === 'invalid' ? result : result.loaded.warnings
    expect(JSON.stringify(shown)).not.toContain(canary)
  }
})
