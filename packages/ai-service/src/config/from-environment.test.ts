// What the environment alone configures.
import { expect, test } from 'vitest'
import { mustLoad, problemsOf } from './load.test.kit.ts'

const namesOf = async (env: Record<string, string>, files = {}) => [
  ...(await mustLoad(undefined, { env, files })).config.providers.keys(),
]

test('without any provider and any file it is a demo on loopback', async () => {
  const { config, source } = await mustLoad(undefined)
  expect(source).toEqual({ kind: 'environment' })
  expect(config).toMatchObject({ demo: true, server: { host: '127.0.0.1', port: 8080 }, auth: { mode: 'none' } })
  expect([...config.providers.keys()]).toEqual(['simulator'])
  expect(config.providers.get('simulator')?.baseUrl).toBeUndefined()
})

test('every provider whose key variable is set and not empty is configured', async () => {
  const env = { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', GROQ_API_KEY: '', DEEPSEEK_API_KEY: '  ' }
  expect(await namesOf(env)).toEqual(['openai', 'anthropic'])
  expect((await mustLoad(undefined, { env })).config.demo).toBe(false)
})

test('an alias of a key variable counts as well', async () => {
  expect(await namesOf({ GROK_API_KEY: 'x' })).toEqual(['xai'])
})

test('a file in the secrets folder stands in for a variable; the variable wins', async () => {
  const files = { 'secrets/OPENAI_API_KEY': 'from-file\n', 'secrets/GROQ_API_KEY': '\n' }
  expect(await namesOf({}, files)).toEqual(['openai'])
  const keyOf = async (env: Record<string, string>) =>
    (await mustLoad(undefined, { env, files })).config.providers.get('openai')?.keys[0]?.secret.reveal()
  expect(await keyOf({})).toBe('from-file')
  expect(await keyOf({ OPENAI_API_KEY: 'from-variable' })).toBe('from-variable')
})

test('a base-URL variable moves its provider, to this machine too', async () => {
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://127.0.0.1:9999/v1/' }
  const { config } = await mustLoad(undefined, { env })
  expect(config.providers.get('openai')).toMatchObject({ baseUrl: 'http://127.0.0.1:9999/v1', allowPrivate: true })
  const elsewhere = await mustLoad(undefined, { env: { ...env, OPENAI_BASE_URL: 'https://llm.example.com/v1' } })
  expect(elsewhere.config.providers.get('openai')?.allowPrivate).toBe(false)
})

test('a provider without a required key is configured by its address', async () => {
  expect(await namesOf({ OLLAMA_BASE_URL: 'http://localhost:11434/v1' })).toEqual(['ollama'])
})

test('a key without an address is left out aloud', async () => {
  const { config, warnings } = await mustLoad(undefined, { env: { AZURE_OPENAI_API_KEY: 'k', OPENAI_API_KEY: 'o' } })
  expect([...config.providers.keys()]).toEqual(['openai'])
  expect(warnings.join()).toContain('AZURE_OPENAI_BASE_URL')
})

test('explicit wins over environment, which wins over default', async () => {
  const env = {
    OPENAI_API_KEY: 'from-variable',
    OTHER: 'explicit',
    OPENAI_BASE_URL: 'https://variable.example.com/v1',
    AI_SERVICE_PORT: '1111',
    AI_SERVICE_HOST: '127.0.0.2',
    AI_SERVICE_METRICS_PORT: '3333',
    AI_TIMEOUT_SECS: '7',
    AI_HTTP_POOL_MAX_IDLE_PER_HOST: '9',
    AI_HTTP_POOL_IDLE_TIMEOUT_MS: '1234',
  }
  const fromEnvironment = await mustLoad('providers: { openai: {} }', { env })
  expect(fromEnvironment.config.server).toMatchObject({ host: '127.0.0.2', port: 1111, metrics: { port: 3333 } })
  expect(fromEnvironment.config.providers.get('openai')).toMatchObject({
    baseUrl: 'https://variable.example.com/v1',
    poolSize: 9,
    idleTimeoutMs: 1234,
    timeouts: { totalMs: 7_000, firstTokenMs: 7_000 },
  })
  const explicit = await mustLoad(
    'server: { host: 127.0.0.1, port: 2222, timeout: 8s, poolSize: 10 }\nproviders: { openai: { baseUrl: "https://file.example.com/v1", keys: [ { secret: env:OTHER } ], idleTimeout: 5s } }',
    { env },
  )
  expect(explicit.config.server).toMatchObject({ host: '127.0.0.1', port: 2222 })
  const openai = explicit.config.providers.get('openai')
  expect(openai).toMatchObject({
    baseUrl: 'https://file.example.com/v1',
    poolSize: 10,
    idleTimeoutMs: 5_000,
    timeouts: { totalMs: 8_000 },
  })
  expect(openai?.keys.map(({ secret }) => secret.reveal())).toEqual(['explicit'])
})

test('a file adds to what the environment configures', async () => {
  const { config } = await mustLoad('providers: { anthropic: {} }', {
    env: { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' },
  })
  expect([...config.providers.keys()]).toEqual(['anthropic', 'openai'])
  expect(config.providers.get('anthropic')?.keys[0]?.secret.reveal()).toBe('a')
})

test('AI_API_KEY alone is OpenAI’s; with AI_BASE_URL it is that server’s', async () => {
  const alone = (await mustLoad(undefined, { env: { AI_API_KEY: 'k' } })).config.providers.get('openai')
  expect(alone?.keys[0]?.secret.reveal()).toBe('k')
  const addressed = await mustLoad(undefined, { env: { AI_API_KEY: 'k', AI_BASE_URL: 'http://10.1.1.1/v1' } })
  expect(addressed.config.providers.get('openai-compatible')).toMatchObject({
    baseUrl: 'http://10.1.1.1/v1',
    allowPrivate: true,
  })
})

test('AI_API_KEY and AI_BASE_URL go to the one provider that lacks its own, and to none of several', async () => {
  const env = {
    AI_API_KEY: 'general',
    AI_BASE_URL: 'https://one.example.com/v1',
    ANTHROPIC_API_KEY: 'a',
    ANTHROPIC_BASE_URL: 'https://a.example.com',
  }
  const { config } = await mustLoad('providers: { groq: {} }', { env })
  expect(config.providers.get('groq')).toMatchObject({ baseUrl: 'https://one.example.com/v1' })
  expect(config.providers.get('groq')?.keys[0]?.secret.reveal()).toBe('general')
  expect(config.providers.get('anthropic')).toMatchObject({ baseUrl: 'https://a.example.com' })
  const problems = await problemsOf('providers: { groq: {}, mistral: {} }', { env })
  expect(problems).toHaveLength(2)
})

test('AI_PROXY_URL is for every provider without a word of its own', async () => {
  const yaml = 'providers: { openai: {}, anthropic: { disableProxy: true }, groq: { proxy: "http://own:1" } }'
  const env = {
    OPENAI_API_KEY: 'o',
    ANTHROPIC_API_KEY: 'a',
    GROQ_API_KEY: 'g',
    AI_PROXY_URL: 'http://u:p@general:3128',
  }
  const { config } = await mustLoad(yaml, { env })
  const shown = [...config.providers.values()].map(({ proxy }) =>
    proxy.kind === 'url' ? proxy.proxy.shown : proxy.kind,
  )
  expect(shown).toEqual(['http://general:3128', 'direct', 'http://own:1'])
})

test('the standard proxy variables are read, lower case first', async () => {
  const env = { OPENAI_API_KEY: 'k', HTTPS_PROXY: 'http://upper:1', https_proxy: 'lower:2', NO_PROXY: 'localhost' }
  const { config } = await mustLoad(undefined, { env })
  expect(config.environmentProxy.https?.shown).toBe('http://lower:2')
  expect(config.environmentProxy).toMatchObject({ no: 'localhost' })
  expect(config.providers.get('openai')?.proxy).toEqual({ kind: 'environment' })
})

test.each(['http://127.0.0.1:8080/v1', 'http://localhost:8080'])(
  '%s as a base URL would be this service itself',
  async (url) => {
    const [problem] = await problemsOf(undefined, { env: { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: url } })
    expect(problem).toBe(
      'environment providers.openai: found the address of this service itself, expected the provider’s',
    )
  },
)

// A pod beside a Service called ai-service gets AI_SERVICE_PORT=tcp://10.96.0.1:8080, and one called ai-service-metrics the other.
test('service links of Kubernetes are no ports', async () => {
  const { config, notes } = await mustLoad(undefined, {
    env: {
      OPENAI_API_KEY: 'k',
      AI_SERVICE_PORT: 'tcp://10.96.0.1:8080',
      AI_SERVICE_METRICS_PORT: 'tcp://[fd00::1]:9464',
    },
  })
  expect([config.server.port, config.server.metrics.port]).toEqual([8080, 9464])
  expect(notes.join()).toContain('AI_SERVICE_PORT is a Kubernetes service link and no setting')
  const [problem] = await problemsOf(undefined, { env: { OPENAI_API_KEY: 'k', AI_SERVICE_PORT: 'tcp://there' } })
  expect(problem).toContain('AI_SERVICE_PORT: found something else')
})

test.each([
  ['AI_SERVICE_HOST', 'a b', 'environment AI_SERVICE_HOST: found something else, expected a host name or address'],
  [
    'AI_SERVICE_PORT',
    '80a',
    'environment AI_SERVICE_PORT: found something else, expected a whole number from 0 to 65535',
  ],
  [
    'AI_TIMEOUT_SECS',
    '0',
    'environment AI_TIMEOUT_SECS: found something else, expected a whole number from 1 to 2147483',
  ],
  ['AI_PROXY_URL', 'socks5://p', 'environment AI_PROXY_URL: found no http:// or https:// URL, expected one'],
  [
    'OPENAI_BASE_URL',
    'not a url',
    'environment OPENAI_BASE_URL: found no http:// or https:// URL, expected one such as https://api.example.com/v1',
  ],
])('%s=%s is refused by the name of the variable', async (name, value, problem) => {
  expect(await problemsOf(undefined, { env: { OPENAI_API_KEY: 'k', [name]: value } })).toEqual([problem])
})

test('a key that cannot be a header is refused by the name of its variable', async () => {
  const [problem] = await problemsOf(undefined, { env: { OPENAI_API_KEY: 'canary\nx' } })
  expect(problem).toMatch(/^environment OPENAI_API_KEY: /)
  expect(problem).not.toContain('canary')
})
