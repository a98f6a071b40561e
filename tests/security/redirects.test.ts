// No redirect is followed, by any provider on any way to call it: neither key nor prompt reaches the host that it names.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { AiClient, AiError, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, post } from '../faults/asking.ts'
import { type ConnectProxy, startConnectProxy } from '../kit/connect-proxy.ts'
import { type RunningService, startService } from '../kit/service.ts'

const providers: readonly Provider[] = Object.values(Provider)
const statuses = [300, 301, 302, 303, 305, 307, 308] as const
const canary = 'sk-redirect-canary-0123456789'

/** Redirects everything, lists of models included. */
let redirecting: Server
let redirectingPort = 0
let status = 302
let elsewhere: Simulator
let proxy: ConnectProxy
let service: RunningService

beforeAll(async () => {
  elsewhere = await startSimulator()
  redirecting = createServer((request: IncomingMessage, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { location: `${elsewhere.url}${request.url}` }).end()
    })
  })
  await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve))
  const address = redirecting.address()
  redirectingPort = typeof address === 'object' && address ? address.port : 0
  proxy = await startConnectProxy({ routes: { 'redirecting.test:80': `127.0.0.1:${redirectingPort}` } })
  const entry = (name: string): string =>
    `  ${name}: { baseUrl: "http://127.0.0.1:${redirectingPort}/v1", private: true, keys: [ { secret: env:KEY } ] }`
  service = await startService({
    yaml: ['providers:', ...providers.map(entry)].join('\n'),
    env: { KEY: canary },
  })
})
afterAll(async () => {
  await service.stop()
  redirecting.closeAllConnections()
  redirecting.close()
  await proxy.close()
  await elsewhere.close()
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  return thrown instanceof AiError ? thrown.code : String(thrown)
}

const ping = { model: 'echo', messages: [Message.user('ping')] }

describe('T7 redirects', () => {
  test.each(providers)('T7 %s: in the library, directly and through a proxy', async (provider) => {
    for (const options of [
      { baseUrl: `http://127.0.0.1:${redirectingPort}/v1` },
      { baseUrl: 'http://redirecting.test/v1', proxy: proxy.url },
    ]) {
      const client = new AiClient(provider, { apiKey: canary, ...options })
      for (status of statuses) {
        expect(await codeOf(client.chatCompletion(ping))).toBe('provider_redirected')
        expect(await codeOf(client.chatCompletionStream(ping).next())).toBe('provider_redirected')
        expect(await codeOf(client.listModels())).toBe('provider_redirected')
      }
      await client.close()
    }
  })

  test.each(providers)('T7 %s: in the service, on every route', async (provider) => {
    for (status of statuses) {
      for (const [path, body] of [
        ['/v1/chat/completions', chatBody(`${provider}/echo`)],
        ['/v1/chat/completions', chatBody(`${provider}/echo`, 'x', { stream: true })],
        ['/v1/messages', chatBody(`${provider}/echo`)],
      ] as const) {
        const answer = await post(service.url, path, body)
        expect([answer.status, answer.text.includes(String(elsewhere.port))]).toEqual([502, false])
      }
      for (const [path, body] of [
        ['/v1/messages/count_tokens', chatBody(`${provider}/echo`)],
        ['/v1/embeddings', JSON.stringify({ model: `${provider}/embed`, input: 'x' })],
        ['/v1/responses', JSON.stringify({ model: `${provider}/echo`, input: 'x' })],
        ['/v1/completions', JSON.stringify({ model: `${provider}/echo`, prompt: 'x' })],
      ] as const)
        expect((await post(service.url, path, body)).status).toBeGreaterThanOrEqual(400)
    }
  })

  test('T7 nothing has come to the host that the redirects named, and what was redirected did come to the configured one', async () => {
    expect(elsewhere.totalConnections()).toBe(0)
    status = 307
    expect((await post(service.url, '/v1/chat/completions', chatBody('openai/echo'))).error.code).toBe(
      'provider_redirected',
    )
  })
})
