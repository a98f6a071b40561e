// Vectors of texts, in their order, of the provider and the model that were named and of no other.
import {
  AiClient,
  AiError,
  AuditLogger,
  type ConnectionOptions,
  type EmbeddingRequest,
  PrometheusMetrics,
  Provider,
} from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'

let upstream: Simulator
const closing: (() => unknown)[] = []

beforeEach(async () => {
  upstream = await startSimulator()
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await upstream.close()
})

function open(options: ConnectionOptions = {}, provider: Provider = Provider.OpenAI): AiClient {
  const client = new AiClient(provider, { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-test', maxRetries: 1, ...options })
  closing.push(() => client.close())
  return client
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'answered',
    (error: unknown) => (error instanceof AiError ? error.code : String(error)),
  )
}

test('one for each text, the same for the same text', async () => {
  const { vectors, usage, provider, model } = await open().embed({ model: 'embed', input: ['one', 'two', 'one'] })
  expect(vectors).toHaveLength(3)
  expect(vectors[0]).toEqual(vectors[2])
  expect(vectors[0]).not.toEqual(vectors[1])
  expect({ provider, model, isReported: usage.isReported }).toEqual({
    provider: 'openai',
    model: 'embed',
    isReported: true,
  })
  expect(usage.totalTokens).toBeGreaterThan(0)
  const alone = await open().embed({ model: 'embed', input: 'one' })
  expect(alone.vectors).toEqual([vectors[0]])
})

test('is repeated as a chat is, and told to metrics', async () => {
  const metrics = new PrometheusMetrics()
  upstream.enqueue({ kind: 'status', status: 503, headers: { 'retry-after-ms': '1' } })
  await open({ metrics }).embed({ model: 'embed', input: 'one' })
  const text = metrics.render()
  expect(text).toContain('outcome="overloaded"')
  expect(text).toMatch(/ai_requests_total\{.*model="embed",outcome="completed".*\} 1/)
  expect(text).toMatch(/ai_tokens_used_total\{kind="input",model="embed",provider="openai"\} [1-9]/)
})

test('is audited as a request is, without its texts', async () => {
  const told: unknown[] = []
  const audit = new AuditLogger({ info: (name, fields) => told.push([name, fields]) })
  await open({ audit }).embed({ model: 'embed', input: 'a private text', user: 'alice' })
  expect(told).toMatchObject([
    ['ai_request', { user_id: 'alice', model: 'embed' }],
    ['ai_response', { user_id: 'alice', outcome: 'completed' }],
  ])
  expect(JSON.stringify(told)).not.toContain('private')
})

test('never of another vendor: what the first one cannot do is an error', async () => {
  const other = await startSimulator()
  closing.push(() => other.close())
  const client = AiClient.withFailover([
    { provider: Provider.OpenAI, baseUrl: `${upstream.url}/v1`, apiKey: 'sk-one' },
    { provider: Provider.Mistral, baseUrl: `${other.url}/v1`, apiKey: 'sk-two' },
  ])
  closing.push(() => client.close())
  upstream.setDefault({ kind: 'status', status: 404 })
  expect(await codeOf(client.embed({ model: 'embed', input: 'one' }))).toBe('provider_model_not_found')
  expect(other.requests).toEqual([])
})

test('a provider without embeddings, and a request without a model, say so before anything is sent', async () => {
  expect(await codeOf(open({}, Provider.Anthropic).embed({ model: 'm', input: 'x' }))).toBe('service_not_available')
  expect(await codeOf(open().embed({ input: 'x' } as unknown as EmbeddingRequest))).toBe('caller_missing_field')
  expect(upstream.requests).toEqual([])
})

test.each([
  ['no list', { data: 7 }],
  ['another number of vectors', { data: [{ index: 0, embedding: [1] }] }],
  [
    'what is no vector',
    {
      data: [
        { index: 0, embedding: 'AAAA' },
        { index: 1, embedding: [1] },
      ],
    },
  ],
  [
    'what is no number',
    {
      data: [
        { index: 0, embedding: [null] },
        { index: 1, embedding: [1] },
      ],
    },
  ],
  [
    'vectors in another order',
    {
      data: [
        { index: 1, embedding: [2] },
        { index: 0, embedding: [1] },
      ],
    },
  ],
])('an answer with %s', async (what, body) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ model: 'm', ...body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const client = open({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
  const work = client.embed({ model: 'm', input: ['one', 'two'] })
  if (what === 'vectors in another order') expect((await work).vectors).toEqual([[1], [2]])
  else expect(await codeOf(work)).toBe('provider_invalid_response')
})
