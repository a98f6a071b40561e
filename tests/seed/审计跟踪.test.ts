// The audit trail of the seed: a logger told of each request with its user. Here the client calls it, and tells how it ended.
import { AiClient, AiError, AuditLogger, type AuditSink, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Event {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function recorder(): {
  readonly events: Event[]
  info(message: string, fields: Readonly<Record<string, unknown>>): void
} {
  const events: Event[] = []
  return { events, info: (message, fields) => void events.push({ message, fields }) }
}

const request = { model: 'echo', messages: [Message.user('a word: xylophagous')], user: 'alice' }

it('logRequest logs user, model, count and time, as in the seed', () => {
  const logger = recorder()
  new AuditLogger(logger, () => new Date(0)).logRequest(request, 'bob')
  expect(logger.events).toEqual([
    {
      message: 'ai_request',
      fields: {
        user_id: 'bob',
        model: 'echo',
        message_count: 1,
        tools_count: 0,
        timestamp: '1970-01-01T00:00:00.000Z',
      },
    },
  ])
})

describe('a client with an audit trail', () => {
  let upstream: Simulator
  beforeAll(async () => {
    upstream = await startSimulator()
  })
  afterAll(() => upstream.close())

  const clientWith = (audit: AuditSink, more = {}): AiClient =>
    new AiClient(Provider.OpenAI, {
      baseUrl: `${upstream.url}/v1`,
      apiKey: 'sk-seed-audit',
      maxRetries: 0,
      audit,
      ...more,
    })

  it('records each request before it is sent, and how it ended', async () => {
    const logger = recorder()
    const client = clientWith(new AuditLogger(logger))
    await client.chatCompletion(request)
    await client.chatCompletionBatch([request, { ...request, user: 'carol' }])
    for await (const _ of client.chatCompletionStream(request)) continue
    expect(logger.events.map(({ message, fields }) => `${message} ${String(fields['user_id'])}`).toSorted()).toEqual(
      ['alice', 'alice', 'alice', 'carol'].flatMap((user) => [`ai_request ${user}`, `ai_response ${user}`]).toSorted(),
    )
    expect(logger.events.at(-1)?.fields).toMatchObject({
      user_id: 'alice',
      provider: 'openai',
      model: 'echo',
      outcome: 'completed',
      stream: true,
      cached: false,
      input_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
      latency_ms: expect.any(Number),
    })
    expect(JSON.stringify(logger.events)).not.toMatch(/xylophagous|sk-seed-audit/)
    await client.close()
  })

  it('says what went wrong, and who left', async () => {
    const logger = recorder()
    const client = clientWith(new AuditLogger(logger))
    upstream.enqueue({ kind: 'status', status: 400 })
    await expect(client.chatCompletion(request)).rejects.toThrow(AiError)
    for await (const _ of client.chatCompletionStream(request)) break
    const ends = logger.events.filter(({ message }) => message === 'ai_response').map(({ fields }) => fields)
    expect(ends).toEqual([
      expect.objectContaining({ outcome: 'refused', error_code: 'provider_rejected_request' }),
      expect.objectContaining({ outcome: 'cancelled', error_code: 'caller_left' }),
    ])
    await client.close()
  })

  it('sends nothing that cannot be recorded, and loses no answer to a line that cannot be written', async () => {
    const before = upstream.requests.length
    const broken: AuditSink = {
      logRequest() {
        throw new Error('the disk is full')
      },
    }
    const refused = clientWith(broken)
    await expect(refused.chatCompletion(request)).rejects.toMatchObject({ code: 'service_audit_away' })
    expect(upstream.requests.length).toBe(before)
    const forgetful = clientWith({
      logRequest: () => undefined,
      logOutcome() {
        throw new Error('the disk is full')
      },
    })
    expect((await forgetful.chatCompletion(request)).firstText()).not.toBe('')
    await refused.close()
    await forgetful.close()
  })
})
