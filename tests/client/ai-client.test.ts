// The embedded client against a real upstream: answers, streams, leaving, failover, and what it never shows.
import { inspect } from 'node:util'
import { AiClient, AiError, type ChatCompletionEvent, Content, Message, Provider, Secret } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let upstream: Simulator
let second: Simulator
const clients: AiClient[] = []
const kept = { ...process.env }

beforeEach(async () => {
  upstream = await startSimulator()
  second = await startSimulator()
})
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  Object.assign(process.env, kept)
  await upstream.close()
  await second.close()
  await Promise.all(clients.splice(0).map((client) => client.close()))
})

function closed(client: AiClient): AiClient {
  clients.push(client)
  return client
}
const open = (options: ConstructorParameters<typeof AiClient>[1] = {}): AiClient =>
  closed(new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: 'sk-test-canary', ...options }))
const ping = { model: 'echo', messages: [Message.user('say this back')] }

async function collect(stream: AsyncIterable<ChatCompletionEvent>): Promise<readonly ChatCompletionEvent[]> {
  const events: ChatCompletionEvent[] = []
  for await (const event of stream) events.push(event)
  return events
}
const textOf = (events: readonly ChatCompletionEvent[]): string =>
  events.map((event) => (event.type === 'part-delta' ? event.text : '')).join('')

/** Waits until a claim about the upstream holds; the test's own time limit ends it. */
async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function errorOf(work: Promise<unknown>): Promise<AiError> {
  try {
    await work
  } catch (thrown) {
    if (thrown instanceof AiError) return thrown
    throw thrown
  }
  throw new Error('It did not fail.')
}

describe('a whole answer', () => {
  it('has text, reason, model and usage', async () => {
    const answer = await open().chatCompletion(ping)
    expect(answer.firstText()).toBe('say this back')
    expect(answer).toMatchObject({
      model: 'echo',
      provider: 'openai',
      choices: [{ index: 0, message: { role: 'assistant', content: 'say this back' }, finishReason: 'end' }],
      usage: { isReported: true },
    })
    expect(answer.usage.totalTokens).toBe(answer.usage.promptTokens + answer.usage.completionTokens)
    expect(upstream.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-test-canary' },
    })
  })

  it('carries tool calls with their raw arguments', async () => {
    upstream.enqueue({
      kind: 'answer',
      toolCalls: [{ id: 'c1', name: 'look', argsJson: '{"a":1.0}' }],
      stop: 'tool-use',
    })
    const answer = await open().chatCompletion({
      ...ping,
      tools: [{ type: 'function', name: 'look', schema: { type: 'object' } }],
    })
    expect(answer.choices[0]?.finishReason).toBe('tool-calls')
    expect(answer.choices[0]?.message.parts).toContainEqual(
      expect.objectContaining({ type: 'tool-call', callId: 'c1', name: 'look', argsJson: '{"a":1.0}' }),
    )
  })

  it("takes the provider's default model where none is named", async () => {
    const client = open()
    await client.chatCompletion({ messages: ping.messages }).catch(() => undefined)
    expect(JSON.parse(String(upstream.requests[0]?.body))).toMatchObject({ model: client.defaultChatModel })
  })
})

describe('a stream', () => {
  it('gives the same text as events in their grammar, usage included', async () => {
    const events = await collect(open().chatCompletionStream(ping))
    expect(textOf(events)).toBe('say this back')
    expect(events[0]?.type).toBe('message-start')
    expect(events.at(-1)?.type).toBe('message-end')
    expect(events.filter(({ type }) => type === 'usage').length).toBeGreaterThan(0)
  })

  it('leaves its socket to later ones', async () => {
    const client = open()
    for (let index = 0; index < 12; index++) await collect(client.chatCompletionStream(ping))
    // The next one may be faster than the end of the last one's response, so a few sockets take turns.
    expect(upstream.totalConnections()).toBeLessThan(6)
  })

  it('closes the upstream socket when its loop is left early', async () => {
    upstream.enqueue({ kind: 'answer', text: 'a b c d e f g h'.repeat(50), intervalMs: 20 })
    for await (const event of open().chatCompletionStream(ping)) if (event.type === 'part-delta') break
    await until(() => upstream.requests[0]?.aborted === true && upstream.openSockets() === 0)
  })

  it('that is cut throws, after everything that came', async () => {
    upstream.enqueue({ kind: 'cut', afterEvents: 4, answer: { kind: 'answer', text: 'one two three four five six' } })
    let text = ''
    const error = await errorOf(
      (async () => {
        for await (const event of open().chatCompletionStream(ping))
          text += event.type === 'part-delta' ? event.text : ''
      })(),
    )
    expect(error.code).toBe('provider_truncated')
    expect(text).toContain('one')
  })

  it('is held back to the pace of its reader, and arrives whole', async () => {
    const long = 'word '.repeat(20_000)
    upstream.enqueue({ kind: 'answer', text: long })
    let text = ''
    let seen = 0
    for await (const event of open().chatCompletionStream(ping)) {
      if (event.type === 'part-delta') text += event.text
      if (++seen % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(text).toBe(long)
  })
})

describe('aborting', () => {
  it('ends a whole answer under way and its socket', async () => {
    upstream.enqueue({ kind: 'delay', ms: 60_000 })
    const abort = new AbortController()
    const asked = errorOf(open().chatCompletion(ping, { signal: abort.signal }))
    await until(() => upstream.requests.length === 1)
    abort.abort()
    expect((await asked).code).toBe('caller_left')
    await until(() => upstream.openSockets() === 0)
  })

  it('ends a stream under way, its loop and its socket', async () => {
    upstream.enqueue({ kind: 'half-open', afterEvents: 4, answer: { kind: 'answer', text: 'one two three four' } })
    const abort = new AbortController()
    const error = await errorOf(
      (async () => {
        for await (const event of open().chatCompletionStream(ping, { signal: abort.signal }))
          if (event.type === 'part-delta') setImmediate(() => abort.abort())
      })(),
    )
    expect(error.code).toBe('caller_left')
    await until(() => upstream.openSockets() === 0)
  })

  it('before it began sends nothing', async () => {
    const signal = AbortSignal.abort()
    expect((await errorOf(open().chatCompletion(ping, { signal }))).code).toBe('caller_left')
    expect((await errorOf(collect(open().chatCompletionStream(ping, { signal })))).code).toBe('caller_left')
    expect(upstream.requests).toEqual([])
  })

  it('ends the wait between two attempts', async () => {
    upstream.setDefault({ kind: 'status', status: 503, headers: { 'retry-after': '15' } })
    const abort = new AbortController()
    const asked = errorOf(open().chatCompletion(ping, { signal: abort.signal }))
    await until(() => upstream.requests.length === 1)
    setTimeout(() => abort.abort(), 50)
    expect((await asked).code).toBe('caller_left')
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('failover', () => {
  const list = (): AiClient =>
    closed(
      AiClient.withFailover([
        { provider: Provider.OpenAI, baseUrl: `${upstream.url}/v1`, apiKey: 'sk-one' },
        { provider: Provider.Anthropic, baseUrl: second.url, apiKey: 'sk-two', model: 'claude-there' },
      ]),
    )

  it('crosses providers and dialects with the model and the key of each', async () => {
    upstream.setDefault({ kind: 'status', status: 503 })
    second.enqueue({ kind: 'answer', text: 'from the other' })
    const answer = await list().chatCompletion({
      model: 'gpt-here',
      messages: [Message.system('Be.'), Message.user('hi')],
    })
    expect(answer).toMatchObject({ provider: 'anthropic' })
    expect(answer.firstText()).toBe('from the other')
    expect(JSON.parse(String(upstream.requests[0]?.body))).toMatchObject({ model: 'gpt-here' })
    expect(JSON.parse(String(second.requests[0]?.body))).toMatchObject({
      model: 'claude-there',
      system: expect.anything(),
    })
    expect(second.requests[0]).toMatchObject({ path: '/v1/messages', headers: { 'x-api-key': 'sk-two' } })
    expect(JSON.stringify(second.requests)).not.toContain('sk-one')
    expect(JSON.stringify(upstream.requests)).not.toContain('sk-two')
  })

  it('takes over a stream that fails before its first content, never after', async () => {
    upstream.enqueue({ kind: 'error-in-stream', afterEvents: 1 })
    second.enqueue({ kind: 'answer', text: 'second' })
    expect(textOf(await collect(list().chatCompletionStream({ ...ping, model: 'gpt-here' })))).toBe('second')
    upstream.enqueue({
      kind: 'error-in-stream',
      afterEvents: 4,
      answer: { kind: 'answer', text: 'one two three four' },
    })
    await errorOf(collect(list().chatCompletionStream({ ...ping, model: 'gpt-here' })))
    expect(second.requests).toHaveLength(1)
  })

  it('asks nobody else about a request that is wrong in itself', async () => {
    upstream.setDefault({ kind: 'status', status: 400 })
    expect((await errorOf(list().chatCompletion(ping))).code).toBe('provider_rejected_request')
    expect(second.requests).toEqual([])
  })

  it('refuses one key for several vendors, which would hand it to all of them', () => {
    const both = [Provider.OpenAI, Provider.Anthropic]
    expect(() => AiClient.withFailover(both, { apiKey: 'sk-one' })).toThrow(/apiKey of its own/)
    const twice = [{ provider: Provider.OpenAI, baseUrl: upstream.url }, Provider.OpenAI]
    closed(AiClient.withFailover(twice, { apiKey: 'sk-one' }))
  })

  it('needs at least one provider', () => {
    expect(() => AiClient.withFailover([])).toThrow(AiError)
  })
})

describe('errors', () => {
  it.each([
    [401, 'provider_key_refused', false],
    [404, 'provider_model_not_found', false],
    [422, 'provider_rejected_request', false],
    [429, 'provider_rate_limited', true],
    [500, 'provider_failed', true],
  ] as const)('status %i becomes %s', async (status, code, retryable) => {
    upstream.setDefault({ kind: 'status', status })
    const error = await errorOf(open({ maxRetries: 0 }).chatCompletion(ping))
    expect(error).toMatchObject({ code, retryable })
    expect(inspect(error, { depth: 9 })).not.toContain('sk-test-canary')
  })

  it('nobody there becomes provider_unreachable', async () => {
    const gone = await startSimulator()
    await gone.close()
    expect((await errorOf(open({ baseUrl: `${gone.url}/v1`, maxRetries: 0 }).chatCompletion(ping))).code).toBe(
      'provider_unreachable',
    )
  })

  it('no key where one is needed becomes service_not_configured', async () => {
    delete process.env['OPENAI_API_KEY']
    const client = closed(new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1` }))
    const error = await errorOf(client.chatCompletion(ping))
    expect(error.code).toBe('service_not_configured')
    expect(error.message).toContain('Set OPENAI_API_KEY or AI_API_KEY in the environment, or give the option apiKey.')
    await expect(client.listModels()).rejects.toThrow('OPENAI_API_KEY')
    expect((await client.healthCheck()).error?.message).toContain('OPENAI_API_KEY')
    expect(upstream.requests).toEqual([])
  })
})

describe('secrets', () => {
  it('show in no way of printing a client', () => {
    const client = open({ proxy: 'http://user:proxy-canary@127.0.0.1:9' })
    const shown = [JSON.stringify(client), inspect(client, { depth: 20, showHidden: true }), String(client)]
    shown.push(JSON.stringify({ client }), inspect({ client }, { depth: 20 }), JSON.stringify(Object.entries(client)))
    for (const text of shown) expect(text).not.toMatch(/canary/)
    expect(JSON.parse(JSON.stringify(client))).toEqual({ providers: ['openai'] })
  })

  it('may be handed over as a Secret', async () => {
    await open({ apiKey: new Secret('sk-wrapped') }).chatCompletion(ping)
    expect(upstream.requests[0]?.headers['authorization']).toBe('Bearer sk-wrapped')
  })
})

describe('images and documents', () => {
  it('reach the provider in its own form', async () => {
    await open().chatCompletion({ ...ping, messages: [Message.user([Content.text('see'), Content.image('aGk=')])] })
    expect(String(upstream.requests[0]?.body)).toContain('data:image/png;base64,aGk=')
  })
})
