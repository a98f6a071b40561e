// The models of a provider, as it lists them: both forms, several pages, and the catalogue where there is no list.
import { AiClient, type ConnectionOptions, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { createServer, type Server } from 'node:http'
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

function open(provider: Provider, options: ConnectionOptions): AiClient {
  const client = new AiClient(provider, { apiKey: 'sk-test', ...options })
  closing.push(() => client.close())
  return client
}

/** A server that answers each path with a JSON body, or a status. */
async function answering(paths: Readonly<Record<string, unknown>>): Promise<string> {
  const server: Server = createServer((request, response) => {
    const body = paths[request.url ?? '']
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  [Provider.OpenAI, '/v1'],
  [Provider.Anthropic, ''],
])('%s lists its own', async (provider, path) => {
  const models = await open(provider, { baseUrl: upstream.url + path }).listModels()
  expect(models).toEqual(expect.arrayContaining(['echo', 'script']))
})

test('of several pages', async () => {
  const baseUrl = await answering({
    '/v1/models?limit=1000': { data: [{ id: 'a' }, { id: 'b' }], has_more: true, last_id: 'b' },
    '/v1/models?limit=1000&after_id=b': { data: [{ id: 'c' }], has_more: false, last_id: 'c' },
  })
  expect(await open(Provider.Anthropic, { baseUrl }).listModels()).toEqual(['a', 'b', 'c'])
})

test.each([
  ['a bare list', [{ id: 'a' }, { id: 'b' }]],
  ['under models', { models: [{ name: 'models/a' }, { name: 'b' }] }],
  ['with what is none among it', { data: [{ id: 'a' }, null, {}, 7, { id: '' }, 'b'] }],
])('%s', async (_form, body) => {
  const baseUrl = `${await answering({ '/v1/models': body })}/v1`
  expect(await open(Provider.OpenAI, { baseUrl }).listModels()).toEqual(['a', 'b'])
})

test('a provider without a list gives what the catalogue knows', async () => {
  const baseUrl = await answering({})
  expect(await open(Provider.OpenAI, { baseUrl }).listModels()).toContain('gpt-4o')
})

test.each([['not json'], ['{"data":7}'], ['null']])('%j is no list', async (body) => {
  const baseUrl = `${await answering({ '/v1/models': body })}/v1`
  await expect(open(Provider.OpenAI, { baseUrl }).listModels()).rejects.toMatchObject({
    code: 'provider_invalid_response',
  })
})

test('a refused key, a dead address and a caller that left say so', async () => {
  const guarded = await startSimulator({ keys: ['sk-right'] })
  closing.push(() => guarded.close())
  const refused = open(Provider.OpenAI, { baseUrl: `${guarded.url}/v1`, apiKey: 'sk-wrong' })
  await expect(refused.listModels()).rejects.toMatchObject({ code: 'provider_key_refused' })
  const dead = open(Provider.OpenAI, { baseUrl: 'http://127.0.0.1:1/v1' })
  await expect(dead.listModels()).rejects.toMatchObject({ code: 'provider_unreachable' })
  const left = open(Provider.OpenAI, { baseUrl: `${upstream.url}/v1` })
  await expect(left.listModels({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'caller_left' })
})
