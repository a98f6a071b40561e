// The JSON Schema: it takes what the loader takes, and the examples are configurations.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { loadYaml, mustLoad } from './load.test.kit.ts'
import { configJsonSchema } from './schema.ts'

const schema = z.fromJSONSchema(configJsonSchema())

const ENV = {
  OPENAI_API_KEY: 'a',
  OPENAI_API_KEY_NEXT: 'b',
  ANTHROPIC_API_KEY: 'c',
  AI_SERVICE_ADMIN_KEY: 'd',
  AI_SERVICE_PEPPER: 'e',
}

// The sample of the outward contract without the sections that this version refuses.
const SAMPLE = `
server:
  host: 127.0.0.1
  port: 8080
  admin: { host: 127.0.0.1, port: 8081, credential: env:AI_SERVICE_ADMIN_KEY }
  metrics: { host: 127.0.0.1, port: 9464 }
  workers: 1                 # or auto: one per core
  maxBody: 32MiB
  shutdownGrace: 600s
  drainDelay: 5s
  commit: { hold: 15s, bytes: 256KiB }
  maxRetries: 2
  timeout: 30s
  poolSize: 16
providers:
  openai:
    keys: [ { name: primary, secret: env:OPENAI_API_KEY, weight: 1 }, { name: next, secret: file:./openai-next } ]
    headers: { OpenAI-Organization: org-x }
    proxy: http://corporate-proxy:8080
    poolSize: 32
    idleTimeout: 60s
    timeouts: { connect: 5s, head: 60s, firstToken: 300s, idle: 300s, total: 600s }
  anthropic: { keys: [ { secret: env:ANTHROPIC_API_KEY } ] }
  my-vllm: { kind: openai-compatible, baseUrl: http://vllm.ml.svc:8000/v1, private: true }
models:
  production:
    strategy: round-robin
    endpoints:
      - { name: us-east-1, provider: openai, url: https://api-east.example.com/v1, model: gpt-4o, weight: 1.0 }
      - { name: us-west-1, provider: openai, url: https://api-west.example.com/v1, model: gpt-4o, weight: 0.8 }
    fallbacks: [ anthropic/claude-sonnet-5, groq/llama-3.3-70b-versatile ]
auth:
  mode: keys
  pepper: env:AI_SERVICE_PEPPER
  keys: [ { id: k1, hash: "hmac-sha256:${'ab'.repeat(32)}", user: alice, team: search, models: [production], expires: 2027-01-01 } ]
limits:
  - { for: key, requests: 600/1m, concurrent: 50 }
stores: { database: sqlite:./data/ai-service.db, shared: memory }
telemetry: { logs: { level: info }, metrics: { enabled: true } }
`

test('the contract’s sample is taken by the JSON Schema and by the loader', async () => {
  expect(schema.safeParse(parse(SAMPLE)).error?.issues).toBeUndefined()
  const { config, warnings } = await mustLoad(SAMPLE, { env: ENV, files: { 'openai-next': 'next\n' } })
  expect(config.providers.get('openai')).toMatchObject({
    headers: { 'openai-organization': 'org-x' },
    poolSize: 32,
    timeouts: {
      connectMs: 5_000,
      headMs: 60_000,
      firstTokenMs: 300_000,
      idleMs: 300_000,
      totalMs: 600_000,
      streamTotalMs: 600_000,
    },
  })
  expect(config.providers.get('anthropic')).toMatchObject({ poolSize: 16, timeouts: { totalMs: 30_000 } })
  expect(config.auth.keys[0]).toMatchObject({
    user: 'alice',
    team: 'search',
    models: ['production'],
    expiresMs: Date.UTC(2027, 0, 1),
  })
  expect(config.limits).toEqual([{ for: 'key', requests: { count: 600, windowMs: 60_000 }, concurrent: 50 }])
  expect(warnings.join('\n')).toContain('admin routes')
})

test.each([
  ['an unknown key', { sever: {} }],
  ['a refused section', { budgets: [] }],
  ['a literal secret', { providers: { openai: { keys: [{ secret: 'sk-live-1' }] } } }],
  ['a port out of range', { server: { port: 70_000 } }],
  ['a duration without unit', { server: { timeout: '30' } }],
])('the JSON Schema refuses %s', (_, value) => {
  expect(schema.safeParse(value).success).toBe(false)
})

const examples = new URL('../../../../examples/', import.meta.url)

test.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))(
  'examples/%s is a configuration',
  async (name) => {
    const yaml = readFileSync(new URL(name, examples), 'utf8')
    const result = await loadYaml(yaml, { env: ENV })
    expect(result).toMatchObject({ kind: 'loaded' })
    expect(schema.safeParse(parse(yaml)).success).toBe(true)
  },
)
