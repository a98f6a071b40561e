// What the loader refuses, with the exact place and words, and what it fills in.
import { expect, test } from 'vitest'
import { folderWith, loadYaml, mustLoad, problemsOf } from './load.test.kit.ts'

const KEYS = { OPENAI_API_KEY: 'sk-openai', ANTHROPIC_API_KEY: 'sk-anthropic' }

const bad: readonly (readonly [title: string, yaml: string, ...problems: string[]])[] = [
  ['an unknown section', 'sever: {}', '1:1 sever: found an unknown key sever; did you mean server?'],
  [
    'an unknown key deep down',
    'server:\n  admin:\n    prot: 1\n',
    '3:5 server.admin.prot: found an unknown key prot; did you mean port?',
  ],
  [
    'a key that resembles nothing',
    'telemetry: { zzzzzzzz: 1 }',
    '1:14 telemetry.zzzzzzzz: found an unknown key zzzzzzzz; known here: logs, metrics, traces',
  ],
  [
    'text for a number',
    'server:\n  port: "80a"\n',
    '2:9 server.port: found "80a", expected a whole number from 0 to 65535',
  ],
  [
    'a number out of range',
    'server: { port: 65536 }',
    '1:17 server.port: found 65536, expected a whole number from 0 to 65535',
  ],
  [
    'one port for two listeners',
    'server: { port: 8090, metrics: { port: 8090 } }',
    '1:40 server.metrics.port: found 8090, which is server.port already, expected another one',
  ],
  [
    'a duration without unit',
    'server:\n  timeout: 30\n',
    '2:12 server.timeout: found 30, expected a duration such as 250ms, 30s, 5m or 24h, above 0, up to 24d',
  ],
  [
    'a timer longer than timers are',
    'server: { timeout: 25d }',
    '1:20 server.timeout: found "25d", expected a duration such as 250ms, 30s, 5m or 24h, above 0, up to 24d',
  ],
  [
    'a size in the wrong form',
    'server: { maxBody: 32M }',
    '1:20 server.maxBody: found "32M", expected a size such as 256KiB, 32MiB or 1GB, above 0',
  ],
  [
    'what is no number at all, and may be a secret in the wrong place',
    'server: { port: sk-4711 }',
    '1:17 server.port: found a text of 7 characters, expected a whole number from 0 to 65535',
  ],
  ['a list where a section belongs', 'server: []', '1:9 server: found an empty list, expected a section (key: value)'],
  ['a text as the whole file', 'hello', '1:1: found a text of 5 characters, expected a section (key: value)'],
  [
    'an empty section',
    'providers:\n  openai:\n',
    '2:10 providers.openai: found an empty value, expected a section (key: value)',
  ],
  ['a key twice', 'server: {}\nserver: {}\n', '2:1: this key appears twice in the same section'],
  ['a tab', 'server:\n\tport: 1\n', '2:1: a tab cannot indent; use blanks'],
  ['a bracket left open', 'limits: [ { for: key }', '1:23: wrong indentation, or a bracket is not closed'],
  [
    'two documents',
    'server: {}\n---\nserver: {}\n',
    '2:1: a second document starts here; one file holds one configuration',
  ],
  ['a tag', 'server: !secret {}\n', '1:9: tags are not used here'],
  ['an alias without anchor', 'server: *nowhere\n', '1:9 server: this alias has no anchor before it'],
  ['T23 a prototype', '__proto__: { a: 1 }\n', '1:1 __proto__: this name is not allowed'],
  [
    'T23 a constructor deep down',
    'providers: { constructor: {} }\n',
    '1:14 providers.constructor: this name is not allowed',
  ],
  [
    'a literal secret',
    'providers:\n  openai:\n    keys:\n      - secret: sk-live-0123456789\n',
    '4:17 providers.openai.keys.0.secret: found a literal of 18 characters; expected a reference such as env:NAME, file:/path or vault:mount/path#field. Put the secret into a variable or a file',
  ],
  [
    'a reference to nothing',
    'providers: { openai: { keys: [ { secret: env:ABSENT } ] } }',
    '1:42 providers.openai.keys.0.secret: found a reference to nothing: env:ABSENT is not set',
  ],
  [
    'an empty admin credential',
    'server: { admin: { credential: env:EMPTY } }',
    '1:32 server.admin.credential: found a reference to nothing: env:EMPTY is empty',
  ],
  [
    'a known provider without any key',
    'providers:\n  groq: {}\n',
    '2:3 providers.groq: found no key, expected keys here or GROQ_API_KEY in the environment',
  ],
  [
    'a provider that nobody knows',
    'providers:\n  opnai: {}\n',
    '2:3 providers.opnai: found no known provider, expected one, or kind: openai-compatible with a baseUrl; did you mean openai?',
  ],
  [
    'a provider of a later version',
    'providers: { bedrock: {} }',
    '1:14 providers.bedrock: not available in this version: the provider bedrock',
  ],
  [
    'an address of one’s own that is missing',
    'providers: { mine: { kind: openai-compatible } }',
    '1:14 providers.mine: found no baseUrl, expected one: this provider has no address of its own',
  ],
  [
    'a private address without private: true',
    'providers: { mine: { kind: openai-compatible, baseUrl: http://127.0.0.1:8000/v1 } }',
    '1:56 providers.mine.baseUrl: found a loopback or private address, expected private: true on it if this is meant',
  ],
  [
    'a private address in disguise',
    'providers: { mine: { kind: openai-compatible, baseUrl: "http://0x7f.1/v1" } }',
    '1:56 providers.mine.baseUrl: found a loopback or private address, expected private: true on it if this is meant',
  ],
  [
    'a base URL with a key in it',
    'providers: { openai: { baseUrl: "https://x.example.com/v1?key=abc" } }',
    '1:33 providers.openai.baseUrl: found a query or fragment in the URL, expected a URL without: keys never travel in URLs',
  ],
  [
    'a variable in a URL that is not set',
    'providers: { openai: { baseUrl: "https://${HOST}/v1" } }',
    '1:33 providers.openai.baseUrl: found ${} around a variable that is not set or is empty, expected a set one',
  ],
  [
    'a header that is ours',
    'providers: { openai: { headers: { Authorization: x } } }',
    '1:35 providers.openai.headers.Authorization: found a header that the service sets itself, expected keys under keys',
  ],
  [
    'proxy and disableProxy',
    'providers: { openai: { proxy: "http://p:1", disableProxy: true } }',
    '1:45 providers.openai.disableProxy: found disableProxy and proxy, expected one of them',
  ],
  [
    'a region of a provider without regions',
    'providers: { openai: { region: eu } }',
    '1:32 providers.openai.region: found a region, but this provider has none; expected baseUrl',
  ],
  [
    'a model without endpoints',
    'models:\n  fast: { endpoints: [] }\n',
    '2:22 models.fast.endpoints: found an empty list, expected a list with at least one endpoint',
  ],
  [
    'an endpoint of a provider that is not configured',
    'models: { fast: { endpoints: [ { provider: groq, model: m } ] } }',
    '1:44 models.fast.endpoints.0.provider: found a provider that is not configured, expected providers.groq or GROQ_API_KEY in the environment',
  ],
  [
    'a fallback to nowhere',
    'models: { fast: { endpoints: [ { provider: openai, model: m } ], fallbacks: [ slwo ] }, slow: { endpoints: [ { provider: openai, model: m } ] } }',
    '1:79 models.fast.fallbacks.0: found neither an alias nor provider/model of a configured provider; did you mean slow?',
  ],
  [
    'T28 fallbacks in a circle',
    'models:\n  a: { endpoints: [ { provider: openai, model: m } ], fallbacks: [ b ] }\n  b: { endpoints: [ { provider: openai, model: m } ], fallbacks: [ a ] }\n',
    '3:68 models.b.fallbacks.0: found a circle: a -> b -> a',
  ],
  [
    'a limit that limits nothing',
    'limits: [ { for: key } ]',
    '1:11 limits.0: this limit limits nothing: give it requests, concurrent or both',
  ],
  [
    'a caller key’s hash in the wrong form',
    'auth: { keys: [ { id: a, hash: "hmac-sha256:12" } ] }',
    '1:32 auth.keys.0.hash: found a text of 14 characters, expected hmac-sha256: and 64 hex digits, as `keys create` prints it',
  ],
  [
    'a day that does not exist',
    `auth: { keys: [ { id: a, hash: "hmac-sha256:${'0'.repeat(64)}", expires: 2027-02-30 } ] }`,
    '1:121 auth.keys.0.expires: found "2027-02-30", expected a date such as 2027-01-01 or a time such as 2027-01-01T12:00:00Z',
  ],
  [
    'the same setting under both names',
    'max_retries: 3\nserver:\n  maxRetries: 2\n',
    '1:1 max_retries: found max_retries and server.maxRetries, which are the same setting; expected one of them',
  ],
  [
    'two mistakes at once',
    'server: { port: x }\nauth: { mode: kyes }\n',
    '1:17 server.port: found a text of 1 characters, expected a whole number from 0 to 65535',
    '2:15 auth.mode: found a text of 4 characters, expected one of keys, none; did you mean keys?',
  ],
]

test.each(bad)('%s is refused', async (_, yaml, ...problems) => {
  const found = await problemsOf(yaml, { env: { OPENAI_API_KEY: 'sk-openai', EMPTY: '' } })
  expect(found).toEqual(problems.map((problem) => `ai-service.yaml:${problem}`))
})

const refused = [
  'budgets: []',
  'redaction: {}',
  'audit: { level: content } # audit.level content',
  'server: { workers: 2 } # server.workers above 1',
  'auth: { mode: jwt } # auth.mode jwt',
  'limits: [ { for: key, requests: 1/s, tokens: 1/s } ] # limits.0.tokens',
  'limits: [ { for: key, requests: 1/s, whenStoreAway: strict } ] # limits.0.whenStoreAway',
  'models: { a: { endpoints: [ { provider: openai, model: m } ], hedge: {} } } # models.a.hedge',
  'providers: { openai: { keys: [ { secret: "aws-sm:a#b" } ] } } # providers.openai.keys.0.secret (aws-sm: references)',
]

test.each(refused)('refused by name: %s', async (yaml) => {
  const name = yaml.includes('#') && yaml.split(' # ')[1] ? yaml.split(' # ')[1] : yaml.slice(0, yaml.indexOf(':'))
  const found = await problemsOf(yaml, { env: KEYS })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^ai-service\.yaml:1:\d+ /)
  expect(found[0]).toContain(`not available in this version: ${name}`)
})

test('T21 an alias bomb ends in one error, not in memory', async () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'])
    bomb.push(`${to}: &${to} [${`*${from},`.repeat(10)}]`)
  const found = await problemsOf(bomb.join('\n'))
  expect(found).toHaveLength(1)
  expect(found[0]).toContain('too large once its aliases are followed')
})

test.each([
  ['an alias of itself', 'server: &a { admin: *a }'],
  ['brackets 10,000 deep', '['.repeat(10_000)],
  ['JSON 10,000 deep', `{"server":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ['bytes of no text', 'server: \u0000\u0001'],
])('%s is refused and nothing hangs', async (_, yaml) => {
  expect(await problemsOf(yaml)).not.toEqual([])
})

test('an anchor may be used twice', async () => {
  const { config } = await mustLoad(
    'providers:\n  openai: { timeouts: &t { total: 9s } }\n  anthropic: { timeouts: *t }\n',
    { env: KEYS },
  )
  expect(config.providers.get('anthropic')?.timeouts.totalMs).toBe(9_000)
})

test('JSON is read as well, tabs included, with places', async () => {
  const json = '{\n\t"server": {\n\t\t"port": 1234\n\t}\n}\n'
  const world = { env: KEYS, files: { 'c.json': json, 'bad.json': json.replace('1234', '"x"') } }
  expect((await mustLoad(undefined, { ...world, configPath: 'c.json' })).config.server.port).toBe(1234)
  expect(await problemsOf(undefined, { ...world, configPath: 'bad.json' })).toEqual([
    'bad.json:3:11 server.port: found a text of 1 characters, expected a whole number from 0 to 65535',
  ])
})

test('the file is found by --config, then AI_SERVICE_CONFIG, then here, then in the system folder', async () => {
  const file = (port: number) => `server: { port: ${port} }`
  const files = { 'asked.yaml': file(1), 'named.yaml': file(2), 'etc/ai-service.yaml': file(4) }
  const env = { ...KEYS, AI_SERVICE_CONFIG: 'named.yaml' }
  const portOf = async (yaml: string | undefined, world: Parameters<typeof mustLoad>[1]) =>
    (await mustLoad(yaml, world)).config.server.port
  expect(await portOf(file(3), { env, files, configPath: 'asked.yaml' })).toBe(1)
  expect(await portOf(file(3), { env, files })).toBe(2)
  expect(await portOf(file(3), { env: KEYS, files })).toBe(3)
  expect(await portOf(undefined, { env: KEYS, files })).toBe(4)
})

test('a service that began without a file takes none up, wherever one lies', async () => {
  const world = { env: KEYS, files: { 'etc/ai-service.yaml': 'server: { port: 4 }' } }
  const again = await loadYaml('server: { port: 3 }', { ...world, withoutFile: true })
  expect(again.kind === 'loaded' && again.loaded.source.kind).toBe('environment')
  expect(again.kind === 'loaded' && again.loaded.config.server.port).toBe(8080)
})

test('a file that is named and absent is an error, not a demo', async () => {
  const [problem] = await problemsOf(undefined, { configPath: 'absent.yaml' })
  expect(problem).toBe('absent.yaml: cannot be read (ENOENT: there is no such file)')
  expect(await problemsOf(undefined, { env: { AI_SERVICE_CONFIG: 'absent.yaml' } })).toHaveLength(1)
  expect(await problemsOf(undefined, { configPath: '.' })).toHaveLength(1)
})

test('relative paths resolve against the folder of the config', async () => {
  const files = { 'deep/c.yaml': 'providers: { openai: { keys: [ { secret: file:key } ] } }', 'deep/key': 'sk-file\n' }
  const { config, secretFiles } = await mustLoad(undefined, { files, configPath: 'deep/c.yaml' })
  expect(config.providers.get('openai')?.keys[0]?.secret.reveal()).toBe('sk-file')
  expect(secretFiles[0]).toMatch(/deep\/key$/)
  expect(config.stores.database).toMatchObject({
    kind: 'sqlite',
    path: expect.stringMatching(/deep\/data\/ai-service\.db$/),
  })
})

test('an empty file is a configuration of defaults, with a warning where there is no provider', async () => {
  const { config, warnings } = await mustLoad('# nothing\n')
  expect(config).toMatchObject({
    server: {
      host: '127.0.0.1',
      port: 8080,
      admin: { host: '127.0.0.1', port: 8081 },
      metrics: { host: '127.0.0.1', port: 9464 },
      workers: 1,
      maxBodyBytes: 33_554_432,
      shutdownGraceMs: 600_000,
      drainDelayMs: 5_000,
      commit: { holdMs: 15_000, bytes: 262_144 },
      maxRetries: 2,
      cors: [],
    },
    auth: { mode: 'none', keys: [] },
    limits: [],
    demo: false,
  })
  expect(config.providers.size).toBe(0)
  expect(warnings.join()).toContain('No provider is configured')
})

test('auth defaults to none on loopback and to keys elsewhere', async () => {
  const modeOf = async (yaml: string) => (await mustLoad(yaml, { env: KEYS })).config.auth.mode
  expect(await modeOf('server: { host: 127.0.0.1 }')).toBe('none')
  expect(await modeOf('server: { host: "::1" }')).toBe('none')
  expect(await modeOf('server: { host: localhost }')).toBe('none')
  expect(await modeOf('server: { host: 0.0.0.0 }')).toBe('keys')
  expect(await modeOf('server: { host: 127.0.0.1.example.com }')).toBe('keys')
  expect(await modeOf('server: { host: 0.0.0.0 }\nauth: { mode: none }')).toBe('none')
  expect(await modeOf('auth: { mode: keys }')).toBe('keys')
})

test('timeout is the total of whole answers and the first token of streams, unless the provider says otherwise', async () => {
  const yaml = 'timeout: 30s\nproviders:\n  openai: {}\n  anthropic: { timeouts: { total: 9s, firstToken: 3s } }\n'
  const { config } = await mustLoad(yaml, { env: KEYS })
  expect(config.providers.get('openai')?.timeouts).toEqual({
    connectMs: 5_000,
    headMs: 60_000,
    firstTokenMs: 30_000,
    idleMs: 300_000,
    totalMs: 30_000,
  })
  expect(config.providers.get('anthropic')?.timeouts).toMatchObject({
    firstTokenMs: 3_000,
    totalMs: 9_000,
    streamTotalMs: 9_000,
  })
})

test('the seed’s Helm values are read: max_retries, timeout and pool_size', async () => {
  const { config } = await mustLoad('max_retries: 3\ntimeout: 30s\npool_size: 16\n', { env: KEYS })
  expect(config.server.maxRetries).toBe(3)
  expect(config.providers.get('openai')).toMatchObject({ poolSize: 16, timeouts: { totalMs: 30_000 } })
})

test('models resolve with endpoints and fallbacks; a fallback whose provider has no key is left out aloud', async () => {
  const yaml = `
providers:
  openai: {}
  lab: { kind: openai-compatible, baseUrl: "http://\${LAB_HOST}:8000/v1/", private: true }
models:
  fast:
    strategy: health-based
    health: { interval: 10s, probe: models }
    endpoints:
      - { name: east, provider: openai, url: "https://api-east.example.com/v1", model: gpt-4o, weight: 0.8 }
      - { provider: lab, model: qwen, healthy: false }
    fallbacks: [ openai/gpt-4o-mini, groq/llama-3.3-70b-versatile, slow ]
  slow: { endpoints: [ { provider: lab, url: "http://10.0.0.9/v1", model: qwen } ] }
`
  const { config, warnings } = await mustLoad(yaml, { env: { OPENAI_API_KEY: 'k', LAB_HOST: '10.0.0.8' } })
  expect(config.providers.get('lab')).toMatchObject({
    baseUrl: 'http://10.0.0.8:8000/v1',
    allowPrivate: true,
    keys: [],
  })
  expect(config.models.get('fast')).toEqual({
    name: 'fast',
    strategy: 'health-based',
    health: { intervalMs: 10_000, timeoutMs: 5_000, probe: 'models' },
    endpoints: [
      {
        name: 'east',
        provider: 'openai',
        baseUrl: 'https://api-east.example.com/v1',
        model: 'gpt-4o',
        weight: 0.8,
        healthy: true,
      },
      { name: 'lab-2', provider: 'lab', model: 'qwen', weight: 1, healthy: false },
    ],
    fallbacks: [
      { kind: 'provider-model', provider: 'openai', model: 'gpt-4o-mini' },
      { kind: 'alias', alias: 'slow' },
    ],
  })
  expect(warnings.join()).toContain('models.fast.fallbacks.1 is left out')
})

test('a proxy’s password works, is warned of where it is written out, and is never shown', async () => {
  const yaml = 'providers: { openai: { proxy: "http://user:canary-pass@proxy:8080" } }'
  const { config, warnings } = await mustLoad(yaml, { env: KEYS })
  const proxy = config.providers.get('openai')?.proxy
  expect(proxy?.kind === 'url' && proxy.proxy.url.reveal()).toBe('http://user:canary-pass@proxy:8080')
  expect(warnings.join()).toContain('providers.openai.proxy has a password written out')
  expect(JSON.stringify([config, warnings])).not.toContain('canary-pass')
  const referred = await mustLoad('providers: { openai: { proxy: "http://user:${PASS}@proxy:8080" } }', {
    env: { ...KEYS, PASS: 'p' },
  })
  expect(referred.warnings).toEqual([])
})

test('the version changes with a secret’s value and not with its place', async () => {
  const version = async (key: string) =>
    (await mustLoad('stores: { database: "sqlite:/tmp/a.db" }', { env: { OPENAI_API_KEY: key } })).version
  expect(await version('a')).toBe(await version('a'))
  expect(await version('a')).not.toBe(await version('b'))
})

test('a directory, bytes of another encoding and 5 MB are refused', async () => {
  const folder = folderWith()
  expect(await problemsOf(undefined, { configPath: folder })).toHaveLength(1)
  expect(await problemsOf(`# ${'x'.repeat(5_000_000)}`)).toEqual(['ai-service.yaml: the file is larger than 4 MiB'])
})

test('the URL of a database is not shown with its password', async () => {
  const { config, warnings } = await mustLoad('stores: { database: "postgres://u:canary-pass@db/ai" }', { env: KEYS })
  expect(JSON.stringify({ config, warnings })).not.toContain('canary-pass')
})
