// Data protection: where the seed's `sanitize_log` keeps the secret, the whole secret goes, in the library and in all that the service tells.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { inspect } from 'node:util'
import { AiClient, AiError, Message, Provider, sanitizeLog, Secret } from 'ai-lib'
import { type Behaviour, type RecordedRequest, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { chatBody, logLines, metricsOf, post, type Told } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'

const key = 'sk-proj-Zq7+Lm2/Xw9cVb4n'
const mark = `[redacted:secret:${new Secret(key).fingerprint}]`

/** As an upstream may repeat what it was sent. */
const forms: Readonly<Record<string, string>> = {
  raw: key,
  base64: Buffer.from(key).toString('base64'),
  'base64 within Basic credentials': Buffer.from(`user:${key}`).toString('base64'),
  base64url: Buffer.from(key).toString('base64url'),
  hex: Buffer.from(key).toString('hex'),
  'upper-case hex': Buffer.from(key).toString('hex').toUpperCase(),
  'URL-encoded': encodeURIComponent(key),
  'JSON-escaped': key.replaceAll('/', '\\/').replaceAll('+', '\\u002b'),
}

describe('the library', () => {
  test("the seed's two rules, whole: what follows `Bearer `, and any `sk-` token of sixteen letters", () => {
    const line = 'POST /v1 authorization: Bearer abc.def-123 failed: Incorrect API key provided: sk-abcdefghijklm.'
    const marks = ['abc.def-123', 'sk-abcdefghijklm'].map((secret) => sha256(secret).slice(0, 8))
    expect(sanitizeLog(line)).toBe(
      `POST /v1 authorization: Bearer [redacted:bearer-token:${marks[0]}] failed: Incorrect API key provided: [redacted:sk-key:${marks[1]}].`,
    )
  })

  test('the fingerprint is the one that a Secret has', () => {
    expect(sanitizeLog(`key ${key}`)).toBe(`key [redacted:sk-key:${new Secret(key).fingerprint}]`)
  })

  test('what is no secret comes back as it is', () => {
    for (const line of ['a bearer of news', 'sk-short', '{"model":"gpt-4o","tokens":12}', ''])
      expect(sanitizeLog(line)).toBe(line)
  })
})

describe('what a client throws', () => {
  // Of no vendor's form: known by value alone.
  const plain = 'Zq7+Lm2/Xw9cVb4nRt6y'

  test.each(['whole', 'stream', 'list of models'])('a provider repeats our key: %s', async (way) => {
    const upstream = createServer(({ headers }, response) => {
      const sent = (headers['authorization'] ?? '').replace('Bearer ', '')
      const text = [sent, Buffer.from(sent).toString('base64'), Buffer.from(sent).toString('hex')].join(' ')
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: `No: ${text}`, param: sent, code: sent } }))
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const address = upstream.address()
    const baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`
    const client = new AiClient(Provider.OpenAI, { baseUrl, apiKey: plain, maxRetries: 0 })
    onTestFinished(async () => {
      await client.close()
      upstream.close()
    })
    const ask = { messages: [Message.user('x')] }
    const failing =
      way === 'whole'
        ? client.chatCompletion(ask)
        : way === 'stream'
          ? client.chatCompletionStream(ask).next()
          : client.listModels()
    const thrown: unknown = await failing.catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(AiError)
    const shown = [inspect(thrown, { depth: 9 }), JSON.stringify(thrown), thrown instanceof Error ? thrown.stack : '']
    for (const form of [plain, Buffer.from(plain).toString('base64'), Buffer.from(plain).toString('hex')])
      expect(shown.join('\n')).not.toContain(form)
    expect(shown[0]).toContain(`[redacted:secret:${new Secret(plain).fingerprint}]`)
  })
})

describe('the service', () => {
  let next: (request: RecordedRequest) => Behaviour | undefined = () => undefined
  let simulator: Awaited<ReturnType<typeof startSimulator>>
  let service: RunningService

  beforeAll(async () => {
    simulator = await startSimulator({ onRequest: (request) => next(request) })
    service = await startService({
      yaml: `providers:\n  openai: { baseUrl: "${simulator.url}/v1", private: true, keys: [ { secret: env:KEY } ] }`,
      env: { KEY: key },
    })
  })
  afterAll(async () => {
    await service.stop()
    await simulator.close()
  })

  test.each(Object.entries(forms))('a provider that repeats our key %s: client and log see a mark', async (_, form) => {
    next = ({ headers }) => {
      // Otherwise nothing was in danger.
      expect(headers['authorization']).toBe(`Bearer ${key}`)
      const body = { error: { message: `No, not with "${form}".`, type: 'invalid_request_error', param: form } }
      return { kind: 'status', status: 400, headers: { 'x-request-id': form }, body }
    }
    const answer = await post(service.url, '/v1/chat/completions', chatBody('openai/gpt-4o'))
    expect(answer.status).toBe(400)
    expect(answer.error.message).toContain(mark)
    await lineOf(service, answer)
    const told = [answer.text, ...[...answer.headers].map(String), await metricsOf(service), service.output()]
    for (const known of Object.values(forms)) expect(told.join('\n')).not.toContain(known)
    expect(await lineOf(service, answer)).toMatchObject({ error: { message: expect.stringContaining(mark) } })
  })

  test("a secret of somebody else's that a client writes about itself is in no log", async () => {
    next = () => undefined
    const secrets = ['AKIAZ7QX3M5N2P4R6T8V', `ghp_${'aB3dE5gH7jK9mN2pQ4sT6vW8yZ1xC0fL'}abcd`]
    for (const secret of secrets) {
      const body = chatBody(`openai/${secret}`)
      const asked = await post(service.url, '/v1/chat/completions', body, { 'x-ai-user': secret })
      expect(await lineOf(service, asked)).toMatchObject({ user: expect.stringMatching(/^\[redacted:/) })
      await lineOf(service, await post(service.url, `/v1/${secret}`, '{}'))
      expect(service.output()).not.toContain(secret)
    }
  })

  test('ids, numbers and names of ours are written as they are', async () => {
    next = () => undefined
    const answer = await post(service.url, '/v1/chat/completions', chatBody('openai/echo'), { 'x-ai-user': 'alice' })
    expect(await lineOf(service, answer)).toMatchObject({
      provider: 'openai',
      model: 'echo',
      user: 'alice',
      status: 200,
      key_fingerprint: new Secret(key).fingerprint,
    })
  })
})

/** Lines wait a few milliseconds for company. */
function lineOf(service: RunningService, { headers }: Told): Promise<Record<string, unknown> | undefined> {
  return vi.waitFor(() => {
    const line = logLines(service).find(({ request_id }) => request_id === headers.get('x-request-id'))
    expect(line).toBeDefined()
    return line
  })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
