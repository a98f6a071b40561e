// What the official SDKs make of the service's errors: their own error classes, our codes, and no retries on top of ours.
import Anthropic, { APIError as AnthropicApiError } from '@anthropic-ai/sdk'
import OpenAI, { APIError as OpenAiApiError } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Ask, type Client, clients, speaker } from './speakers.ts'
import { type InFront, startInFront, upstreamKinds } from './upstreams.ts'

const combinations = clients.flatMap((client) => clients.map((provider) => [client, provider] as const))

type ErrorClass =
  | 'BadRequestError'
  | 'RateLimitError'
  | 'InternalServerError'
  | 'NotFoundError'
  | 'UnprocessableEntityError'

/** The classes that each status has in each SDK. */
function classOf(client: Client, name: ErrorClass) {
  return client === 'openai' ? OpenAI[name] : Anthropic[name]
}

interface Told {
  readonly thrown: unknown
  readonly status: number | undefined
  readonly code: unknown
  readonly headers: Headers | undefined
}

async function failing(front: InFront, client: Client, ask: Ask): Promise<Told> {
  try {
    await speaker(client, front.service.url).ask(ask)
  } catch (thrown) {
    if (thrown instanceof OpenAiApiError)
      return { thrown, status: thrown.status, code: thrown.code, headers: thrown.headers }
    if (thrown instanceof AnthropicApiError)
      return { thrown, status: thrown.status, code: codeIn(thrown.error), headers: thrown.headers }
    throw thrown
  }
  throw new Error('It was answered.')
}

// Anthropic's form has the code inside `error.error`.
function codeIn(body: unknown): unknown {
  const inner = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  return typeof inner === 'object' && inner !== null && 'code' in inner ? inner.code : undefined
}

describe.each(upstreamKinds)('in front of %s', (kind) => {
  let front: InFront
  beforeAll(async () => {
    front = await startInFront(kind)
  })
  afterAll(() => front.stop())

  const countOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = front.upstream.came().length
    await work()
    return front.upstream.came().length - before
  }

  describe.each(combinations)('the SDK of %s with a provider that speaks %s', (client, provider) => {
    const ask = (model = `${provider}/echo`, stream = false): Ask => ({ model, text: 'ping pong', stream })

    test.each([false, true])(
      'a request that the provider refuses is a BadRequestError (stream: %s)',
      async (stream) => {
        front.upstream.failNext(400)
        const count = await countOf(async () => {
          const told = await failing(front, client, ask(undefined, stream))
          expect(told.thrown).toBeInstanceOf(classOf(client, 'BadRequestError'))
          expect(told).toMatchObject({ status: 400, code: 'provider_rejected_request' })
          expect(told.headers?.get('x-request-id')).toMatch(/^req_/)
        })
        expect(count).toBe(1)
      },
    )

    test('a provider that keeps failing is an InternalServerError after our attempts and no more', async () => {
      for (let attempt = 0; attempt < 3; attempt++) front.upstream.failNext(500)
      const count = await countOf(async () => {
        const told = await failing(front, client, ask())
        expect(told.thrown).toBeInstanceOf(classOf(client, 'InternalServerError'))
        expect(told).toMatchObject({ status: 502, code: 'provider_failed' })
        expect(told.headers?.get('x-should-retry')).toBe('false')
      })
      expect(count).toBe(3)
      expect((await speaker(client, front.service.url).ask(ask())).text).toBe('ping pong')
    })

    test('a provider that fails once is not noticed', async () => {
      front.upstream.failNext(500)
      const count = await countOf(async () => {
        expect((await speaker(client, front.service.url).ask(ask())).text).toBe('ping pong')
      })
      expect(count).toBe(2)
    })

    test('a rate limit is a RateLimitError that says how long to wait', async () => {
      front.upstream.failNext(429)
      const count = await countOf(async () => {
        const told = await failing(front, client, ask(`spare-429-${client}-${provider}/echo`))
        expect(told.thrown).toBeInstanceOf(classOf(client, 'RateLimitError'))
        expect(told).toMatchObject({ status: 429, code: 'provider_rate_limited' })
        expect(Number(told.headers?.get('retry-after'))).toBeGreaterThan(0)
        expect(told.headers?.get('x-should-retry')).toBe('false')
      })
      expect(count).toBe(1)
    })

    test.each([401, 403])('our own key refused with %i is never the caller’s', async (status) => {
      front.upstream.failNext(status)
      const count = await countOf(async () => {
        const told = await failing(front, client, ask(`spare-${status}-${client}-${provider}/echo`))
        expect(told.thrown).toBeInstanceOf(classOf(client, 'InternalServerError'))
        expect(told).toMatchObject({ status: 502, code: 'provider_key_refused' })
      })
      expect(count).toBe(1)
    })
  })

  describe.each(clients)('the SDK of %s', (client) => {
    test('an unknown model is a NotFoundError that names the nearest, and nothing is sent', async () => {
      const count = await countOf(async () => {
        const told = await failing(front, client, { model: 'gpt-nonesuch', text: 'ping pong', stream: false })
        expect(told.thrown).toBeInstanceOf(classOf(client, 'NotFoundError'))
        expect(told).toMatchObject({ status: 404, code: 'caller_model_not_found' })
        expect(String(told.thrown)).toContain('gpt-nonesuch')
      })
      expect(count).toBe(0)
    })
  })
})

// These need an upstream that breaks its own streams.
describe('streams that break in front of simulator', () => {
  let front: InFront
  beforeAll(async () => {
    front = await startInFront('simulator')
  })
  afterAll(() => front.stop())
  // Five broken streams in a row would open the provider's breaker, and the next would be told so.
  beforeEach(async () => {
    for (const provider of clients)
      await speaker(provider, front.service.url).ask({ model: `${provider}/echo`, text: 'well', stream: false })
  })

  const text = 'one two three four five six'

  test.each(combinations)('the SDK of %s throws where a provider that speaks %s cuts', async (client, provider) => {
    front.enqueue?.({ kind: 'cut', afterEvents: 6, midEvent: true, how: 'fin', answer: { kind: 'answer', text } })
    let pieces = 0
    const ask = { model: `${provider}/echo`, text, stream: true, onText: () => pieces++ }
    const asked = speaker(client, front.service.url).ask(ask)
    await expect(asked).rejects.toBeInstanceOf(client === 'openai' ? OpenAiApiError : AnthropicApiError)
    await expect(asked).rejects.toThrow(/ended its answer before it was whole/)
    expect(pieces).toBeGreaterThan(0)
  })

  test.each(combinations)(
    'the SDK of %s throws where a provider that speaks %s tells an error',
    async (client, provider) => {
      front.enqueue?.({ kind: 'error-in-stream', afterEvents: 6, answer: { kind: 'answer', text } })
      const asked = speaker(client, front.service.url).ask({ model: `${provider}/echo`, text, stream: true })
      await expect(asked).rejects.toBeInstanceOf(client === 'openai' ? OpenAiApiError : AnthropicApiError)
      await expect(asked).rejects.toThrow(/overloaded/i)
    },
  )

  test.each(combinations)(
    'the SDK of %s gets the next try where a provider that speaks %s breaks before a word',
    async (client, provider) => {
      front.enqueue?.({ kind: 'cut', afterEvents: 1, how: 'fin' })
      const heard = await speaker(client, front.service.url).ask({ model: `${provider}/echo`, text, stream: true })
      expect(heard.text).toBe(text)
    },
  )
})
