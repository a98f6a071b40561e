// `telemetry.traces` and OpenTelemetry's variables: what each says, which wins, how mistakes are told, and no token anywhere.
import { Secret } from 'ai-lib/internal/errors/secret'
import { describe, expect, test } from 'vitest'
import { secretsIn } from '../redaction/secrets-in.ts'
import type { Environment } from '../secrets/sources.ts'
import type { TracesConfig } from './config.ts'
import { mustLoad, problemsOf } from './load.test.kit.ts'
import { describePlan } from './plan.ts'

const token = 'otlp-canary-0123456789'
const base: Environment = { OPENAI_API_KEY: 'sk-openai', TOKEN: token, COLLECTOR: 'http://collector:4318' }

async function traces(yaml: string, env: Environment = {}): Promise<TracesConfig | undefined> {
  const { config } = await mustLoad(yaml, { env: { ...base, ...env } })
  return config.telemetry.traces
}

test('nothing is traced unless an address is known', async () => {
  expect(await traces('server: {}')).toBeUndefined()
  const { config, warnings } = await mustLoad('telemetry: { traces: { sample: 1 } }', { env: base })
  expect(config.telemetry.traces).toBeUndefined()
  expect(warnings).toContain('telemetry.traces has no otlp: nothing is traced.')
})

test('defaults', async () => {
  expect(await traces('telemetry: { traces: { otlp: "http://collector:4318" } }')).toEqual({
    endpoint: 'http://collector:4318/v1/traces',
    headers: {},
    secrets: [],
    ca: [],
    sample: 1,
    followsParent: true,
    compression: 'none',
    queue: 4_096,
    intervalMs: 5_000,
    timeoutMs: 10_000,
    resource: {},
  })
})

test.each([
  ['http://collector:4318', 'http://collector:4318/v1/traces'],
  ['http://collector:4318/', 'http://collector:4318/v1/traces'],
  ['https://a.example/otlp', 'https://a.example/otlp/v1/traces'],
  ['https://a.example/otlp/v1/traces', 'https://a.example/otlp/v1/traces'],
  ['env:COLLECTOR', 'http://collector:4318/v1/traces'],
  ['${COLLECTOR}/x', 'http://collector:4318/x/v1/traces'],
])('the address %s', async (otlp, endpoint) => {
  expect((await traces(`telemetry: { traces: { otlp: "${otlp}" } }`))?.endpoint).toBe(endpoint)
})

describe('headers', () => {
  const yaml =
    'telemetry: { traces: { otlp: "https://a.example", headers: { Authorization: "Bearer ${TOKEN}", x-key: env:TOKEN, x-tenant: search } } }'

  test('credentials are secrets, the token behind its scheme too; the rest is not', async () => {
    const config = await traces(yaml)
    const { authorization, 'x-key': key, 'x-tenant': tenant } = config?.headers ?? {}
    expect([authorization, key].map((value) => (value instanceof Secret ? value.reveal() : value))).toEqual([
      `Bearer ${token}`,
      token,
    ])
    expect(tenant).toBe('search')
    expect(secretsIn(config).map((secret) => secret.reveal())).toEqual([`Bearer ${token}`, token])
  })

  test('the plan names headers alone', async () => {
    const loaded = await mustLoad(yaml, { env: base })
    const plan = JSON.stringify(describePlan(loaded))
    expect(plan).not.toContain(token)
    expect(plan).toContain('"headers":["authorization","x-key","x-tenant"]')
  })

  test('another token is another configuration', async () => {
    const versions = [token, 'another-token-0123456'].map(
      async (TOKEN) => (await mustLoad(yaml, { env: { ...base, TOKEN } })).version,
    )
    expect(new Set(await Promise.all(versions)).size).toBe(2)
  })

  test('a token over plain http to the internet is warned of', async () => {
    const { warnings } = await mustLoad(yaml.replace('https://a.example', 'http://a.example.com'), { env: base })
    expect(warnings).toContain('telemetry.traces.otlp is http://: the token in its headers travels in the clear.')
    expect((await mustLoad(yaml.replace('https://a.example', 'http://collector'), { env: base })).warnings).toEqual([])
  })
})

describe('OpenTelemetry’s variables', () => {
  test('whatever could be a credential among headers is one, whatever its name', async () => {
    const config = await traces('server: {}', {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-honeycomb-team=short,x-scope=0123456789abcdef,x-tenant=search',
    })
    expect(config?.headers['x-honeycomb-team']).toBeInstanceOf(Secret)
    expect(config?.headers['x-scope']).toBeInstanceOf(Secret)
    expect(config?.headers['x-tenant']).toBe('search')
  })

  test('are a configuration of their own', async () => {
    const config = await traces('server: {}', {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/base',
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token},x-tenant=search`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_SCHEDULE_DELAY: '250',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,deployment.environment.name=prod%20eu',
      OTEL_SERVICE_NAME: 'gateway',
    })
    expect(config).toMatchObject({
      endpoint: 'https://otlp.example.com/base/v1/traces',
      sample: 0.25,
      followsParent: true,
      compression: 'gzip',
      queue: 100,
      intervalMs: 250,
      timeoutMs: 3_000,
      resource: { 'service.name': 'gateway', 'deployment.environment.name': 'prod eu' },
    })
    expect(config?.headers['authorization']).toBeInstanceOf(Secret)
    expect(config?.headers['x-tenant']).toBe('search')
  })

  test('those of traces alone win, and the file wins over all', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/as-it-is',
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_SERVICE_NAME: 'from-a-variable',
    }
    expect(await traces('server: {}', env)).toMatchObject({
      endpoint: 'http://traces:4318/as-it-is',
      sample: 0,
      followsParent: false,
    })
    const file =
      'telemetry: { traces: { otlp: "http://file:4318", sample: 0.5, followParent: true, resource: { service.name: from-the-file } } }'
    expect(await traces(file, env)).toMatchObject({
      endpoint: 'http://file:4318/v1/traces',
      sample: 0.5,
      followsParent: true,
      resource: { 'service.name': 'from-the-file' },
    })
  })

  test.each([
    ['OTEL_SDK_DISABLED', 'true'],
    ['OTEL_TRACES_EXPORTER', 'none'],
  ])('%s=%s switches off what only variables have asked for', async (name, value) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318', [name]: value }
    expect(await traces('server: {}', env)).toBeUndefined()
    expect(await traces('telemetry: { traces: { otlp: "http://a" } }', env)).toBeDefined()
  })

  test('enabled: false switches everything off', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318' }
    expect(await traces('telemetry: { traces: { enabled: false, otlp: "http://a" } }', env)).toBeUndefined()
  })

  test('without an address the others are nobody’s business', async () => {
    expect(
      await traces('server: {}', { OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_EXPORTER_OTLP_HEADERS: '=' }),
    ).toBeUndefined()
  })

  test.each([
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'collector:4317',
      'found no http:// or https:// URL, expected one such as http://collector:4318',
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      `authorization ${token}`,
      'found something else, expected key=value,key=value with values percent-encoded',
    ],
    [
      'OTEL_RESOURCE_ATTRIBUTES',
      'a=%zz',
      'found something else, expected key=value,key=value with values percent-encoded',
    ],
    [
      'OTEL_TRACES_SAMPLER',
      'jaeger_remote',
      'found no sampler of this service, expected always_on, always_off or traceidratio, with or without parentbased_',
    ],
    ['OTEL_BSP_SCHEDULE_DELAY', '5s', 'found something else, expected a whole number above 0'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', 'found something else, expected none or gzip'],
  ])('%s=%s is ignored, and told of without its value', async (name, value, why) => {
    const env = { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318', [name]: value }
    const { config, warnings } = await mustLoad('server: {}', { env })
    expect(warnings).toEqual([`${name} is ignored: ${why}.`])
    expect(config.telemetry.traces === undefined).toBe(name === 'OTEL_EXPORTER_OTLP_ENDPOINT')
  })

  test('another protocol is told of', async () => {
    const env = { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://general:4318' }
    const { warnings } = await mustLoad('server: {}', { env: { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } })
    expect(warnings.join()).toContain('4318')
    const { notes } = await mustLoad('server: {}', { env: { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' } })
    expect(notes.join()).toContain('http/json')
  })
})

test.each([
  [
    'a user in the address',
    'otlp: "http://u:p@collector"',
    'otlp: found a user or password in the URL, expected a URL without: tokens go under headers',
  ],
  ['a query', 'otlp: "http://collector?key=1"', 'otlp: found a query or fragment in the URL'],
  [
    'no URL',
    'otlp: "collector:4318"',
    'otlp: found no http:// or https:// URL, expected one such as http://collector:4318',
  ],
  ['a variable that is not set', 'otlp: "${NOWHERE}"', 'otlp: found ${} around a variable that is not set or is empty'],
  ['no address', 'enabled: true', 'found no otlp, expected a URL here or in OTEL_EXPORTER_OTLP_ENDPOINT'],
  [
    'a token written out',
    `otlp: "http://a", headers: { authorization: "Bearer ${token}" }`,
    'headers.authorization: found a credential written out, expected a reference such as env:NAME, or ${NAME} in it',
  ],
  [
    'a reference to nothing',
    'otlp: "http://a", headers: { authorization: env:NOWHERE }',
    'headers.authorization: found a reference to nothing',
  ],
  [
    'a header of ours',
    'otlp: "http://a", headers: { Content-Type: text/plain }',
    'found a header that the service sets itself',
  ],
  ['a share above 1', 'otlp: "http://a", sample: 2', 'expected a number from 0 to 1'],
  ['an unknown key', 'otlp: "http://a", protocol: grpc', 'found an unknown key protocol'],
  ['a certificate that is not there', 'otlp: "http://a", ca: nowhere.pem', 'ca: found a file that cannot be read'],
])('%s is refused with its place', async (_, section, expected) => {
  const [problem, ...more] = await problemsOf(`telemetry: { traces: { ${section} } }`, { env: base })
  expect(more).toEqual([])
  expect(problem).toMatch(/^ai-service\.yaml:1:\d+ telemetry\.traces/)
  expect(problem).toContain(expected)
  expect(problem).not.toContain(token)
})

test('private providers are told of a trace where it is recorded, others only where that is asked for', async () => {
  const yaml =
    'providers: { openai: {}, vllm: { kind: openai-compatible, baseUrl: "http://vllm.svc/v1", private: true }, told: { kind: openai-compatible, baseUrl: "https://a.example/v1", traceContext: true }, not: { kind: openai-compatible, baseUrl: "http://b.svc/v1", private: true, traceContext: false } }'
  const toldIn = async (text: string): Promise<unknown> => {
    const { config } = await mustLoad(text, { env: base })
    return Object.fromEntries([...config.providers.values()].map(({ name, traceContext }) => [name, traceContext]))
  }
  expect(await toldIn(`${yaml}\ntelemetry: { traces: { otlp: "http://collector:4318" } }`)).toEqual({
    openai: false,
    vllm: true,
    told: true,
    not: false,
  })
  expect(await toldIn(yaml)).toEqual({ openai: false, vllm: false, told: true, not: false })
})
