// A client that leaves, at every phase, with both SDKs: the provider's socket is closed within a second, and nothing is retried.
import { APIUserAbortError as AnthropicAbort } from '@anthropic-ai/sdk'
import type { Behaviour } from 'ai-simulator'
import { APIUserAbortError as OpenAiAbort } from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { clients, speaker } from './speakers.ts'
import { type InFront, startInFront, upstreamKinds } from './upstreams.ts'

const combinations = clients.flatMap((client) => clients.map((provider) => [client, provider] as const))

interface Phase {
  readonly stream: boolean
  readonly behaviour: Behaviour
  /** The client leaves at the first text; otherwise as soon as the provider has its request. */
  readonly leavesAtText: boolean
}

const text = Array.from({ length: 600 }, (_, index) => `word${index}`).join(' ')
const phases: Readonly<Record<string, Phase>> = {
  'before the head of a stream': { stream: true, behaviour: { kind: 'delay', ms: 60_000 }, leavesAtText: false },
  'before the first token': { stream: true, behaviour: { kind: 'half-open', afterEvents: 1 }, leavesAtText: false },
  'in the middle of a stream': {
    stream: true,
    behaviour: { kind: 'answer', text, intervalMs: 50 },
    leavesAtText: true,
  },
  'while a whole answer is made': { stream: false, behaviour: { kind: 'delay', ms: 60_000 }, leavesAtText: false },
}

/** What a promise is rejected with; heard from the start, so that a rejection never goes unhandled. */
function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

const abortErrors = { openai: OpenAiAbort, anthropic: AnthropicAbort }

describe('in front of simulator', () => {
  let front: InFront
  beforeAll(async () => {
    front = await startInFront('simulator')
  })
  afterAll(() => front.stop())

  const named = Object.entries(phases)
  const cases = combinations.flatMap(([client, provider]) =>
    named.map(([phase, how]) => [client, phase, provider, how] as const),
  )

  test.each(cases)('the SDK of %s leaves %s (provider: %s)', async (client, _phase, provider, how) => {
    const before = front.upstream.came().length
    front.enqueue?.(how.behaviour)
    const abort = new AbortController()
    let leftAtMs = 0
    const leave = (): void => {
      leftAtMs ||= Date.now()
      abort.abort()
    }
    const asked = speaker(client, front.service.url).ask({
      model: `${provider}/echo`,
      text: 'ping pong',
      stream: how.stream,
      signal: abort.signal,
      ...(how.leavesAtText ? { onText: leave } : {}),
    })
    const ended = thrownBy(asked)
    await vi.waitUntil(() => front.upstream.came().length > before, { timeout: 10_000 })
    if (!how.leavesAtText) leave()
    expect(await ended).toBeInstanceOf(abortErrors[client])
    const came = () => front.upstream.came().slice(before)
    await vi.waitUntil(() => came()[0]?.leftAtMs !== undefined, { timeout: 10_000 })
    // The bound that the service promises, not a measure of this machine.
    expect((came()[0]?.leftAtMs ?? Infinity) - leftAtMs).toBeLessThan(1_000)
    expect(came().length).toBe(1)
  })
})

describe.each(upstreamKinds)('in front of %s', (kind) => {
  let front: InFront
  beforeAll(async () => {
    front = await startInFront(kind)
  })
  afterAll(() => front.stop())

  const cancelled = (): number => front.service.output().split('"outcome":"cancelled"').length - 1

  test.each(combinations)(
    'the SDK of %s leaves a stream, which is logged as cancelled, and asks again (provider: %s)',
    async (client, provider) => {
      const before = cancelled()
      const abort = new AbortController()
      front.upstream.dripNext()
      const speak = speaker(client, front.service.url)
      const model = `${provider}/echo`
      const asked = speak.ask({ model, text: 'drip', stream: true, signal: abort.signal, onText: () => abort.abort() })
      await expect(asked).rejects.toBeInstanceOf(abortErrors[client])
      await vi.waitUntil(() => cancelled() === before + 1, { timeout: 10_000 })
      expect((await speak.ask({ model, text: 'ping pong', stream: true })).text).toBe('ping pong')
    },
  )

  test.each(combinations)(
    'the SDK of %s leaves while it waits, and asks again (provider: %s)',
    async (client, provider) => {
      const before = cancelled()
      const came = front.upstream.came().length
      const abort = new AbortController()
      front.upstream.stallNext()
      const speak = speaker(client, front.service.url)
      const model = `${provider}/echo`
      const asked = speak.ask({ model, text: 'stall', stream: false, signal: abort.signal })
      const ended = thrownBy(asked)
      if (kind === 'simulator') await vi.waitUntil(() => front.upstream.came().length > came, { timeout: 10_000 })
      else await new Promise((resolve) => setTimeout(resolve, 200))
      abort.abort()
      expect(await ended).toBeInstanceOf(abortErrors[client])
      await vi.waitUntil(() => cancelled() === before + 1, { timeout: 10_000 })
      expect((await speak.ask({ model, text: 'ping pong', stream: false })).text).toBe('ping pong')
    },
  )
})
