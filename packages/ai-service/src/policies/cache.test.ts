// The response cache between an exchange and the provider: what is asked, kept, given again, and who waits for whom.
import type { OpenStream, StreamConsumer } from 'ai-lib/internal/attempts/attempt-call'
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import { EndpointHealth } from 'ai-lib/internal/attempts/endpoint-health'
import { type Target, unweighed } from 'ai-lib/internal/attempts/target'
import { operations } from 'ai-lib/internal/dialects/registry'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { chooseLane } from 'ai-lib/internal/lanes/choose-lane'
import { createPassLane } from 'ai-lib/internal/lanes/pass'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { beforeEach, describe, expect, it } from 'vitest'
import { type CachedAnswer, memoryBytesOf } from '../cache/cached-answer.ts'
import { SingleFlight } from '../cache/single-flight.ts'
import { type Answer, refusal } from '../exchange/answer.ts'
import { readAsked } from '../exchange/dispatch.ts'
import type { Exchange, ExchangeHead } from '../exchange/exchange.ts'
import { exchangeOf, settlement } from '../exchange/exchange.test.kit.ts'
import type { CacheLookup, CacheStore } from '../stores/cache-store.ts'
import { createMemoryCache } from '../stores/memory/cache-store.ts'
import { cache, type CacheParts } from './cache.ts'

const good = Buffer.from('{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}')
const cut = Buffer.from('{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"length"}]}')
const frames = [
  'data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n',
  'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
].map((text) => Buffer.from(text))

let flights: SingleFlight<CachedAnswer>
let errors = 0
let clock = { ms: 0 }
beforeEach(() => {
  flights = new SingleFlight()
  errors = 0
  clock = { ms: 0 }
})

function partsWith(more: Partial<CacheParts> = {}): CacheParts {
  return {
    rules: { scope: 'key', routeOf: () => 'r', maxRequestBytes: 10_000 },
    store: createMemoryCache({ maxBytes: 100_000, nowMs: () => clock.ms, sizeOf: memoryBytesOf }),
    flights,
    ttlMs: 1_000,
    maxEntryBytes: 10_000,
    waitMs: 60_000,
    clock: { nowMs: () => clock.ms, dateMs: () => 1_700_000_000_000 },
    onStoreError: () => void errors++,
    ...more,
  }
}

/** One request through the policy, and the provider's side of it in the test's hand. */
function started(parts: CacheParts, { stream = false, head = {}, signal }: StartOptions = {}) {
  const exchange = exchangeOf(head, signal ? { signal } : {})
  exchange.asked = readAsked(operations.chat, [Buffer.from(`{"model":"m","messages":[],"stream":${stream}}`)])
  const provider = Promise.withResolvers<Answer>()
  const state = { asked: 0 }
  const answer = cache(parts).around(exchange, () => {
    state.asked++
    return provider.promise
  })
  return { exchange, provider, state, answer }
}

interface StartOptions {
  readonly stream?: boolean
  readonly head?: Partial<ExchangeHead>
  readonly signal?: AbortSignal
}

function target(): Target {
  const spec = providerSpecs.get('openai')
  const lane = spec && chooseLane('chat', spec)
  if (!spec || !lane || lane.kind === 'unsupported') throw new Error('openai has a chat.')
  const channel = {
    send(): never {
      throw new Error('nothing is sent here')
    },
    close: () => Promise.resolve(),
  }
  const timeouts = { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 }
  const keys = new KeyPool([])
  const upstream = { spec, channel, basePath: '', headers: {}, keys, timeouts, retryBudget: new RetryBudget() }
  return { endpoint: 'openai', upstream, model: 'm', lane, ...unweighed(new EndpointHealth()) }
}

const prepared = { lane: 'pass', body: [], losses: [], dropsUsage: false, streamUsage: true } as const

function whole(out: Buffer): Answer {
  const lane = createPassLane(operations.chat.wire, false)
  return { kind: 'whole', target: target(), prepared, headers: {}, attempts: [], isBodyFree: true, out, lane }
}

function streamed(): { readonly answer: Answer; readonly push: () => StreamConsumer<Buffer> } {
  let consumer: StreamConsumer<Buffer> | undefined
  const stream: OpenStream<Buffer> = {
    lane: createPassLane(operations.chat.wire, false),
    attach: (to) => void (consumer = to),
    pause() {},
    resume() {},
    destroy() {},
  }
  const push = (): StreamConsumer<Buffer> => {
    if (!consumer) throw new Error('nobody is attached')
    return consumer
  }
  return {
    answer: { kind: 'stream', target: target(), prepared, headers: {}, attempts: [], isBodyFree: true, stream },
    push,
  }
}

/** What the pump does: takes everything, and settles. */
async function consumed(answer: Answer, exchange: Exchange, push: () => StreamConsumer<Buffer>): Promise<string> {
  if (answer.kind !== 'stream') throw new Error(answer.kind)
  let text = ''
  answer.stream.attach({ data: (bytes) => void (text += bytes.toString()), ended() {}, failed() {} })
  for (const frame of frames) push().data(frame)
  push().ended()
  await Promise.resolve()
  exchange.settle(settlement)
  return text
}

function outOf(answer: Answer): string {
  if (answer.kind !== 'replayed' && answer.kind !== 'whole') throw new Error(answer.kind)
  return Buffer.from(answer.out).toString()
}

describe('an answer', () => {
  it('is given again until its time is over', async () => {
    const parts = partsWith()
    const first = started(parts)
    first.provider.resolve(whole(good))
    await first.answer
    first.exchange.settle(settlement)
    const second = started(parts)
    expect(outOf(await second.answer)).toBe(good.toString())
    expect([second.state.asked, second.exchange.cache]).toEqual([0, 'hit'])
    clock.ms = 1_000
    expect(started(parts).state.asked).toBe(1)
  })

  it('that was streamed reaches its client piece by piece, and the next one whole', async () => {
    const parts = partsWith()
    const first = started(parts, { stream: true })
    const { answer, push } = streamed()
    first.provider.resolve(answer)
    expect(await consumed(await first.answer, first.exchange, push)).toBe(Buffer.concat(frames).toString())
    expect(outOf(await started(parts).answer)).toContain('"content":"hi"')
    expect(outOf(await started(parts, { stream: true }).answer)).toBe(Buffer.concat(frames).toString())
  })

  it.each([
    ['was cut', partsWith, cut],
    ['is larger than an entry may be', () => partsWith({ maxEntryBytes: good.length - 1 }), good],
  ])('that %s is not kept', async (_, open, out) => {
    const parts = open()
    const first = started(parts)
    first.provider.resolve(whole(out))
    await first.answer
    first.exchange.settle(settlement)
    expect(started(parts).state.asked).toBe(1)
  })

  it('of a stream that outgrows an entry goes on to its client', async () => {
    const parts = partsWith({ maxEntryBytes: 10 })
    const first = started(parts, { stream: true })
    const waiting = started(parts, { stream: true })
    const { answer, push } = streamed()
    first.provider.resolve(answer)
    expect(await consumed(await first.answer, first.exchange, push)).toBe(Buffer.concat(frames).toString())
    await Promise.resolve()
    expect(waiting.state.asked).toBe(1)
    expect(flights.size).toBe(0)
  })
})

describe('who waits', () => {
  it('is given what the one in front was told', async () => {
    const parts = partsWith()
    const first = started(parts)
    const second = started(parts)
    first.provider.resolve(whole(good))
    await first.answer
    clock.ms = 20
    first.exchange.settle(settlement)
    expect(outOf(await second.answer)).toBe(good.toString())
    expect([second.exchange.cache, second.exchange.waitedMs]).toEqual(['hit', 20])
  })

  it('goes alone where the answer is not one to keep', async () => {
    const parts = partsWith()
    const [first, second, third] = [started(parts), started(parts), started(parts)]
    first.provider.resolve(whole(cut))
    await first.answer
    first.exchange.settle(settlement)
    await Promise.resolve()
    expect([second.state.asked, third.state.asked]).toEqual([1, 1])
  })

  it.each([
    [
      'is refused',
      (provider: PromiseWithResolvers<Answer>) => provider.resolve(refusal(new AiError('provider_failed'))),
    ],
    ['leaves', (provider: PromiseWithResolvers<Answer>) => provider.resolve({ kind: 'left', attempts: [] })],
    ['throws', (provider: PromiseWithResolvers<Answer>) => provider.reject(new AiError('service_internal'))],
  ])('goes in the place of one in front that %s, one at a time', async (_, end) => {
    const parts = partsWith()
    const [first, second, third] = [started(parts), started(parts), started(parts)]
    end(first.provider)
    await first.answer.catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect([second.state.asked, third.state.asked]).toEqual([1, 0])
    second.provider.resolve(whole(good))
    await second.answer
    second.exchange.settle(settlement)
    expect(outOf(await third.answer)).toBe(good.toString())
    expect(flights.size).toBe(0)
  })

  it('goes in the place of one whose stream breaks, or whose client goes away in the middle of it', async () => {
    const parts = partsWith()
    const first = started(parts, { stream: true })
    const second = started(parts)
    const { answer, push } = streamed()
    first.provider.resolve(answer)
    const given = await first.answer
    if (given.kind !== 'stream') throw new Error(given.kind)
    given.stream.attach({ data() {}, ended() {}, failed() {} })
    push().data(Buffer.from('data: {}\n\n'))
    expect(second.state.asked).toBe(0)
    given.stream.destroy()
    first.exchange.settle({ ...settlement, end: 'cancelled' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(second.state.asked).toBe(1)
  })

  it('goes alone once it has waited as long as it may, or as its client lets it', async () => {
    for (const [parts, head] of [
      [partsWith({ waitMs: 1 }), {}],
      [partsWith(), { timeoutMs: 1 }],
    ] as const) {
      started(parts)
      const second = started(parts, { head })
      second.provider.resolve(whole(good))
      await second.answer
      expect([second.state.asked, second.exchange.cache]).toEqual([1, 'miss'])
      flights = new SingleFlight()
    }
  })

  it('and leaves is gone', async () => {
    const parts = partsWith()
    started(parts)
    const leaving = new AbortController()
    const second = started(parts, { signal: leaving.signal })
    leaving.abort()
    await expect(second.answer).rejects.toMatchObject({ code: 'caller_left' })
    expect(second.state.asked).toBe(0)
  })
})

describe('what the client wants', () => {
  it('no-store: asks, keeps nothing, waits for nobody', async () => {
    const parts = partsWith()
    started(parts)
    const second = started(parts, { head: { cache: 'no-store' } })
    expect([second.state.asked, second.exchange.cache]).toEqual([1, 'bypass'])
    second.provider.resolve(whole(good))
    await second.answer
    second.exchange.settle(settlement)
    flights = new SingleFlight()
    expect(started({ ...parts, flights }).state.asked).toBe(1)
  })

  it('refresh: asks, waits for nobody, and what it is told takes the place of the old answer', async () => {
    const parts = partsWith()
    const first = started(parts, { head: { cache: 'refresh' } })
    first.provider.resolve(whole(good))
    await first.answer
    first.exchange.settle(settlement)
    const other = Buffer.from(good.toString().replace('hi', 'new'))
    const second = started(parts, { head: { cache: 'refresh' } })
    expect(second.state.asked).toBe(1)
    second.provider.resolve(whole(other))
    await second.answer
    second.exchange.settle(settlement)
    expect(outOf(await started(parts).answer)).toBe(other.toString())
  })
})

describe('a store that is far', () => {
  class FarStore implements CacheStore<CachedAnswer> {
    readonly isRemote = true
    readonly looked: PromiseWithResolvers<CacheLookup<CachedAnswer>>[] = []
    readonly sets: PromiseWithResolvers<boolean>[] = []
    get(): Promise<CacheLookup<CachedAnswer>> {
      const looked = Promise.withResolvers<CacheLookup<CachedAnswer>>()
      this.looked.push(looked)
      return looked.promise
    }
    set(): Promise<boolean> {
      const set = Promise.withResolvers<boolean>()
      this.sets.push(set)
      return set.promise
    }
    close(): Promise<void> {
      return Promise.resolve()
    }
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('is asked once by identical requests at one time', async () => {
    const store = new FarStore()
    const parts = partsWith({ store })
    const requests = [started(parts), started(parts), started(parts)]
    expect(store.looked).toHaveLength(1)
    store.looked[0]?.resolve({ kind: 'absent' })
    await turn()
    expect(requests.map(({ state }) => state.asked)).toEqual([1, 0, 0])
    requests[0]?.provider.resolve(whole(good))
    await requests[0]?.answer
    requests[0]?.exchange.settle(settlement)
    // The write is under way: those who wait have their answer, and who comes now gets it too.
    for (const { answer } of requests) expect(outOf(await answer)).toBe(good.toString())
    expect(outOf(await started(parts).answer)).toBe(good.toString())
    store.sets[0]?.resolve(true)
    await turn()
    expect([flights.size, errors]).toEqual([0, 0])
  })

  it('that fails is a miss, and counted: look-up and write', async () => {
    const store = new FarStore()
    const one = started(partsWith({ store }))
    store.looked[0]?.resolve({ kind: 'failed' })
    await turn()
    expect([one.state.asked, errors]).toEqual([1, 1])
    one.provider.resolve(whole(good))
    await one.answer
    one.exchange.settle(settlement)
    store.sets[0]?.resolve(false)
    await turn()
    expect(errors).toBe(2)
  })
})
