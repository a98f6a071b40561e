// The seed's "logging": structured lines around a call of the library, and one structured line per request of the service.
import { AiClient, AiError, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

type Line = Readonly<Record<string, unknown>>

describe('the library', () => {
  let upstream: Simulator
  let client: AiClient
  beforeAll(async () => {
    upstream = await startSimulator()
    client = new AiClient(Provider.OpenAI, {
      baseUrl: `${upstream.url}/v1`,
      apiKey: 'sk-canary-0123456789',
      maxRetries: 0,
    })
  })
  afterAll(async () => {
    await client.close()
    await upstream.close()
  })

  // What the seed writes with `tracing`: info before, tokens after, the error otherwise.
  async function logged(): Promise<readonly Line[]> {
    const lines: Line[] = []
    const request = { model: 'echo', messages: [Message.user('a private prompt')] }
    lines.push({
      provider: client.currentProvider,
      model: request.model,
      message: 'Processing chat completion request',
    })
    try {
      const response = await client.chatCompletion(request)
      lines.push({ tokens: response.usage.totalTokens, message: 'Request completed successfully' })
    } catch (error) {
      lines.push({ error: String(error), code: error instanceof AiError ? error.code : '', message: 'Request failed' })
    }
    return lines
  }

  test('provider and model are properties, tokens are totals', async () => {
    expect(await logged()).toEqual([
      { provider: 'openai', model: 'echo', message: 'Processing chat completion request' },
      { tokens: expect.any(Number) as number, message: 'Request completed successfully' },
    ])
  })

  test('an error says its code and what to do, and no key', async () => {
    upstream.enqueue({ kind: 'status', status: 401 })
    const [, line] = await logged()
    expect(line).toMatchObject({ code: 'provider_key_refused', message: 'Request failed' })
    expect(line?.['error']).toContain('must renew it')
    expect(JSON.stringify(line)).not.toContain('canary')
  })
})

describe('the service', () => {
  let simulated: Simulated
  beforeAll(async () => {
    simulated = await startSimulated()
  })
  afterAll(() => simulated.stop())

  async function ask(body: object): Promise<Response> {
    const response = await fetch(`${simulated.service.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ai-user': 'alice' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'a private prompt' }], ...body }),
    })
    await response.text()
    return response
  }

  function linesOf(requestId: string): readonly Line[] {
    const lines = simulated.service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as Line).filter((line) => line['request_id'] === requestId)
  }

  /** The lines of a request, once there are some and no more come. */
  async function settledLines(response: Response): Promise<readonly Line[]> {
    const id = response.headers.get('x-request-id') ?? ''
    while (linesOf(id).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    return linesOf(id)
  }

  test.each([false, true])(
    'one line for a request, stream: %j, with provider, model, tokens and id',
    async (stream) => {
      const response = await ask({ model: 'openai/echo', stream })
      expect(await settledLines(response)).toEqual([
        expect.objectContaining({
          level: 'info',
          message: 'request',
          route: '/v1/chat/completions',
          provider: 'openai',
          model: 'echo',
          status: 200,
          outcome: 'completed',
          user: 'alice',
          stream,
          usage_source: 'reported',
          input_tokens: expect.any(Number) as number,
          output_tokens: expect.any(Number) as number,
          latency_ms: expect.any(Number) as number,
        }),
      ])
    },
  )

  test('a failure is one line too, a warning with its code and every attempt', async () => {
    simulated.openai.enqueue(...Array.from({ length: 3 }, () => ({ kind: 'status', status: 500 }) as const))
    const lines = await settledLines(await ask({ model: 'openai/echo' }))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ level: 'warn', outcome: 'failed', code: 'provider_failed', attempts: 3 })
    expect(lines[0]?.['attempt_log']).toHaveLength(3)
  })

  test('neither prompt, answer nor key is in the log', () => {
    expect(simulated.service.output()).not.toContain('private prompt')
    expect(simulated.service.output()).not.toContain('sk-test-openai')
  })

  test('every line of the log is JSON with level, time and message', () => {
    const lines = simulated.service
      .output()
      .split('\n')
      .filter((line) => line !== '')
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({
        level: expect.stringMatching(/^(info|warn|error|debug|fatal)$/) as string,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        message: expect.any(String) as string,
      })
  })
})
