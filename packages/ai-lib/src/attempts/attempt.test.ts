// One attempt against a hand-written network: when it commits, how it fails, and that nothing stays behind.
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UpstreamFailure } from '../chat/failure.ts'
import { operations } from '../dialects/registry.ts'
import { createPassLane } from '../lanes/pass.ts'
import type { UpstreamRequest } from '../transport/transport.ts'
import { attempt } from './attempt.ts'
import type { AttemptCall, Attempted, OpenStream } from './attempt-call.ts'
import {
  FakeClock,
  type FakeFlight,
  fakeChannel,
  frames,
  reporting,
  tickingClock,
  wholeAnswer,
} from './attempt.test.kit.ts'
import type { Timeouts } from './target.ts'

const { wire } = operations.chat
const timeouts: Timeouts = { headMs: 5_000, firstTokenMs: 10_000, idleMs: 20_000, totalMs: 60_000 }
const commit = { holdMs: 1_000, bytes: 400 }

interface Started {
  readonly flight: FakeFlight
  readonly abort: AbortController
  readonly attempted: Promise<Attempted<Buffer>>
  /** Listeners that still wait for the client to leave. */
  listeners(): number
  /** Resolved already, or undefined. */
  now(): Promise<Attempted<Buffer> | undefined>
}

function start(stream: boolean, more: Partial<AttemptCall<Buffer>> = {}): Started {
  const { channel, flights } = fakeChannel()
  const abort = new AbortController()
  const request: UpstreamRequest = { method: 'POST', path: '/v1/chat/completions', headers: {}, stream }
  const lane = createPassLane(wire, false)
  const clock = new FakeClock()
  const call = { channel, request, lane, wire, timeouts, msLeft: 60_000, commit, clock, ...reporting(), ...more }
  const attempted = attempt(call, abort.signal)
  const flight = flights[0]
  if (!flight) throw new Error('nothing was sent')
  return {
    flight,
    abort,
    attempted,
    listeners: () => getEventListeners(abort.signal, 'abort').length,
    now: () => Promise.race([attempted, Promise.resolve(undefined)]),
  }
}

interface Heard {
  readonly said: string[]
  readonly failures: UpstreamFailure[]
}

function listen(stream: OpenStream<Buffer>): Heard {
  const heard: Heard = { said: [], failures: [] }
  stream.attach({
    data: (bytes) => heard.said.push(bytes.toString()),
    ended: () => heard.said.push('ended'),
    failed: (failure) => heard.failures.push(failure),
  })
  return heard
}

async function streamOf(started: Started): Promise<OpenStream<Buffer>> {
  const attempted = await started.attempted
  if (attempted.kind !== 'stream') throw new Error(`${attempted.kind}: ${JSON.stringify(attempted)}`)
  return attempted.stream
}

async function failureOf(started: Started): Promise<UpstreamFailure> {
  const attempted = await started.attempted
  if (attempted.kind !== 'failed') throw new Error(attempted.kind)
  return attempted.failure
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  // A timer that outlives its attempt keeps a process alive, or fails somebody else's.
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left !== 0) throw new Error(`${left} timers are left`)
})

describe('a whole answer', () => {
  it('comes as the bytes that the provider sent, with its headers, and leaves nothing behind', async () => {
    const started = start(false)
    started.flight.head(200, { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'r1' })
    const text = JSON.stringify(wholeAnswer)
    started.flight.data(text.slice(0, 10))
    started.flight.data(text.slice(10))
    expect(await started.now()).toBeUndefined()
    started.flight.end()
    const attempted = await started.attempted
    expect(attempted).toMatchObject({ kind: 'whole', headers: { 'x-request-id': 'r1' } })
    expect(attempted.kind === 'whole' && attempted.out.toString()).toBe(text)
    expect(started.listeners()).toBe(0)
    expect(started.flight.isDestroyed).toBe(false)
  })

  it.each([
    ['no content', 204, 'application/json'],
    ['a page', 200, 'text/html'],
    ['a stream nobody asked for', 200, 'text/event-stream'],
  ])('%s is invalid at the head, and its body is not read', async (_title, status, type) => {
    const started = start(false)
    started.flight.head(status, { 'content-type': type })
    expect(await failureOf(started)).toMatchObject({ code: 'invalid-response', phase: 'head', charged: 'unknown' })
    expect(started.flight.isDestroyed).toBe(true)
  })

  it.each(['', 'nonsense', '[]', '{"error":{"message":"no"}}', '{"id":'])('%j is a failure', async (body) => {
    const started = start(false)
    started.flight.head(200)
    started.flight.data(body)
    started.flight.end()
    expect(await failureOf(started)).toMatchObject({ phase: 'first-event' })
    expect(started.listeners()).toBe(0)
  })

  it('ends with the total timer, by name', async () => {
    const started = start(false, { timeouts: { ...timeouts, totalMs: 700 } })
    started.flight.head(200)
    vi.advanceTimersByTime(699)
    expect(await started.now()).toBeUndefined()
    vi.advanceTimersByTime(2)
    expect(await failureOf(started)).toMatchObject({ code: 'timeout', timer: 'total' })
    expect(started.flight.isDestroyed).toBe(true)
  })

  it("ends with the exchange's deadline where that is nearer", async () => {
    const started = start(false, { msLeft: 50 })
    vi.advanceTimersByTime(51)
    expect(await failureOf(started)).toMatchObject({ code: 'timeout', timer: 'total', phase: 'head' })
  })
})

describe('an error answer', () => {
  it('is read in the dialect of the upstream, with its status and its wait', async () => {
    const started = start(false)
    started.flight.answer(429, { error: { message: 'slow down', type: 'rate_limit' } }, { 'retry-after': '3' })
    expect(await failureOf(started)).toMatchObject({ code: 'rate-limited', status: 429, retryAfterMs: 3_000 })
  })

  it('reads at most 64 KiB of its body', async () => {
    const started = start(false)
    started.flight.head(500, { 'content-type': 'text/html' })
    for (let index = 0; index < 50; index++) started.flight.data('x'.repeat(64 * 1024))
    started.flight.end()
    const failure = await failureOf(started)
    expect(failure).toMatchObject({ code: 'failed', status: 500 })
    expect((failure.message ?? '').length).toBeLessThan(70 * 1024)
  })

  it.each([301, 302, 307, 308])('a redirect %i is refused at its head', async (status) => {
    const started = start(true)
    started.flight.head(status, { location: 'http://169.254.169.254/' })
    expect(await failureOf(started)).toMatchObject({ code: 'redirected', status })
    expect(started.flight.isDestroyed).toBe(true)
  })

  it('a 200 of JSON where a stream was asked for is never taken for a refusal of the request', async () => {
    const started = start(true)
    started.flight.answer(200, { error: { message: 'bad', type: 'invalid_request_error' } })
    expect((await failureOf(started)).code).not.toBe('rejected')
  })
})

describe('the commit of a stream', () => {
  it.each([
    ['text', frames.text('hi')],
    ['the terminal event', frames.done],
  ])('waits for %s, while pings and role-only deltas hold it', async (_title, frame) => {
    const started = start(true)
    started.flight.streamHead()
    started.flight.data(frames.ping + frames.role)
    expect(await started.now()).toBeUndefined()
    started.flight.data(frame)
    const stream = await streamOf(started)
    const heard = listen(stream)
    expect(heard.said.join('')).toContain(frames.ping + frames.role + frame)
    stream.destroy()
    started.flight.end()
  })

  it('comes after the hold time without content, and then the first token still has its timer', async () => {
    const started = start(true)
    started.flight.streamHead()
    started.flight.data(frames.role)
    vi.advanceTimersByTime(999)
    expect(await started.now()).toBeUndefined()
    vi.advanceTimersByTime(1)
    const heard = listen(await streamOf(started))
    expect(heard.said).toEqual([frames.role])
    vi.advanceTimersByTime(9_001)
    expect(heard.failures).toMatchObject([{ code: 'timeout', timer: 'first-token', phase: 'mid-stream' }])
  })

  it('comes after the hold bytes without content', async () => {
    const started = start(true)
    started.flight.streamHead()
    let sent = ''
    while (sent.length <= commit.bytes) {
      expect(await started.now()).toBeUndefined()
      started.flight.data(frames.role)
      sent += frames.role
    }
    const stream = await streamOf(started)
    expect(listen(stream).said.join('')).toBe(sent)
    stream.destroy()
  })

  it('is not made for a stream that fails before content: the failure stays invisible', async () => {
    for (const last of [frames.error, '']) {
      const started = start(true)
      started.flight.streamHead()
      started.flight.data(frames.role + last)
      if (last === '') started.flight.end()
      expect(await failureOf(started)).toMatchObject({ phase: 'first-event' })
      expect(started.flight.isDestroyed).toBe(true)
      expect(started.listeners()).toBe(0)
    }
  })

  it('keeps what came, and a failure, until a consumer is attached', async () => {
    const started = start(true)
    started.flight.streamHead()
    started.flight.data(frames.text('one'))
    const stream = await streamOf(started)
    started.flight.data(frames.text('two'))
    started.flight.fail('reset', { afterHead: true })
    const heard = listen(stream)
    expect(heard.said).toEqual([frames.text('one') + frames.text('two')])
    expect(heard.failures).toMatchObject([{ code: 'truncated', phase: 'mid-stream' }])
    expect(started.flight.isDestroyed).toBe(true)
  })
})

describe('a stream under way', () => {
  async function streaming(more: Partial<AttemptCall<Buffer>> = {}) {
    const started = start(true, more)
    started.flight.streamHead()
    started.flight.data(frames.text('a'))
    const stream = await streamOf(started)
    return { ...started, stream, heard: listen(stream) }
  }

  it('hands on what comes, in order, and ends once', async () => {
    const { flight, heard } = await streaming()
    flight.data(frames.text('b'))
    flight.data(frames.stop + frames.done)
    flight.end()
    expect(heard.said).toEqual([frames.text('a'), frames.text('b'), frames.stop + frames.done, 'ended'])
    expect(heard.failures).toEqual([])
  })

  it.each([
    ['ends without its terminal event', (flight: FakeFlight) => flight.end(), 'truncated'],
    ['is reset', (flight: FakeFlight) => flight.fail('reset', { afterHead: true }), 'truncated'],
    ['breaks the protocol', (flight: FakeFlight) => flight.fail('protocol', { afterHead: true }), 'truncated'],
    ['carries an error event', (flight: FakeFlight) => flight.data(frames.error), 'failed'],
  ] as const)('that %s fails in the middle, once', async (_title, act, code) => {
    const { flight, heard, listeners } = await streaming()
    act(flight)
    flight.end()
    flight.fail('reset', { afterHead: true })
    expect(heard.failures).toMatchObject([{ code, phase: 'mid-stream', charged: 'unknown' }])
    expect(heard.said).toEqual([frames.text('a')])
    expect(flight.isDestroyed).toBe(true)
    expect(listeners()).toBe(0)
  })

  it('fails with the idle timer, which events that carry something move and pings do not', async () => {
    const { flight, heard } = await streaming({ timeouts: { ...timeouts, idleMs: 1_000 }, clock: tickingClock() })
    vi.advanceTimersByTime(800)
    flight.data(frames.text('b'))
    vi.advanceTimersByTime(800)
    flight.data(frames.ping)
    expect(heard.failures).toEqual([])
    vi.advanceTimersByTime(301)
    expect(heard.failures).toMatchObject([{ code: 'timeout', timer: 'idle', phase: 'mid-stream' }])
  })

  it('is not called idle while its own reader holds it up', async () => {
    const { flight, heard, stream } = await streaming({ timeouts: { ...timeouts, idleMs: 1_000 } })
    stream.pause()
    expect(flight.isPaused).toBe(true)
    vi.advanceTimersByTime(60_000)
    expect(heard.failures).toEqual([])
    stream.resume()
    expect(flight.isPaused).toBe(false)
    vi.advanceTimersByTime(999)
    expect(heard.failures).toEqual([])
    vi.advanceTimersByTime(2)
    expect(heard.failures).toMatchObject([{ timer: 'idle' }])
  })

  it('has a total only where one was set for streams', async () => {
    const endless = await streaming({ clock: tickingClock() })
    for (let index = 0; index < 100; index++) {
      vi.advanceTimersByTime(15_000)
      endless.flight.data(frames.text('b'))
    }
    expect(endless.heard.failures).toEqual([])
    endless.stream.destroy()
    const clock = tickingClock()
    const bounded = await streaming({ clock, streamDeadlineMs: clock.nowMs() + 2_000 })
    vi.advanceTimersByTime(2_001)
    expect(bounded.heard.failures).toMatchObject([{ code: 'timeout', timer: 'total' }])
  })
})

describe('after the terminal event', () => {
  async function ending() {
    const started = start(true)
    started.flight.streamHead()
    started.flight.data(frames.text('a') + frames.done)
    const stream = await streamOf(started)
    return { ...started, stream, heard: listen(stream) }
  }

  it('an upstream that ends its response keeps its socket', async () => {
    const { flight, heard } = await ending()
    flight.end()
    expect(heard.said.at(-1)).toBe('ended')
    expect(flight.isDestroyed).toBe(false)
  })

  it('an owner that lets go at once, as it must, leaves the upstream its moment to end', async () => {
    const { flight, stream } = await ending()
    stream.destroy()
    expect(flight.isDestroyed).toBe(false)
    flight.end()
    vi.advanceTimersByTime(10_000)
    expect(flight.isDestroyed).toBe(false)
  })

  it('an upstream that sends more loses its socket, and nobody hears of it', async () => {
    const { flight, heard } = await ending()
    flight.data(frames.text('more'))
    expect(flight.isDestroyed).toBe(true)
    expect(heard.said.join('')).not.toContain('more')
    expect(heard.failures).toEqual([])
  })

  it('an upstream that does not end loses its socket after a second', async () => {
    const { flight, heard } = await ending()
    vi.advanceTimersByTime(999)
    expect(flight.isDestroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(flight.isDestroyed).toBe(true)
    expect(heard.failures).toEqual([])
  })

  it('a reset is no failure any more', async () => {
    const { flight, heard } = await ending()
    flight.fail('reset', { afterHead: true })
    expect(heard.failures).toEqual([])
    vi.advanceTimersByTime(1_000)
  })
})

describe('a client that leaves', () => {
  const phases: readonly (readonly [string, boolean, (flight: FakeFlight) => void])[] = [
    ['before the head', true, () => undefined],
    ['while a whole answer comes', false, (flight) => (flight.head(200), flight.data('{'))],
    ['while an error answer comes', false, (flight) => (flight.head(500), flight.data('{'))],
    ['while a stream is held', true, (flight) => (flight.streamHead(), flight.data(frames.role))],
  ]
  it.each(phases)('%s takes the flight down at once and leaves no listener', async (_title, stream, act) => {
    const started = start(stream)
    act(started.flight)
    started.abort.abort()
    expect(started.flight.isDestroyed).toBe(true)
    expect(await started.attempted).toEqual({ kind: 'left' })
    expect(started.listeners()).toBe(0)
  })

  it.each(['attached', 'not attached'] as const)(
    'in the middle of a stream that is %s ends it in silence',
    async (how) => {
      const started = start(true)
      started.flight.streamHead()
      started.flight.data(frames.text('a'))
      const stream = await streamOf(started)
      const heard = how === 'attached' ? listen(stream) : undefined
      started.abort.abort()
      expect(started.flight.isDestroyed).toBe(true)
      expect(started.listeners()).toBe(0)
      expect(heard?.failures ?? []).toEqual([])
    },
  )

  it('before it began sends nothing', async () => {
    const { channel, flights } = fakeChannel()
    const request: UpstreamRequest = { method: 'POST', path: '/', headers: {}, stream: false }
    const [lane, clock] = [createPassLane(wire, false), new FakeClock()]
    const call = { channel, request, lane, wire, timeouts, msLeft: 1, commit, clock, ...reporting() }
    expect(await attempt(call, AbortSignal.abort())).toEqual({ kind: 'left' })
    expect(flights).toEqual([])
  })
})

describe('what the transport says', () => {
  it.each([
    ['refused', 'unreachable', 'dial', 'no'],
    ['dns', 'unreachable', 'dial', 'no'],
    ['tls', 'unreachable', 'dial', 'no'],
    ['proxy', 'unreachable', 'dial', 'no'],
    ['address-denied', 'unreachable', 'dial', 'no'],
    ['reset', 'unreachable', 'dial', 'no'],
    ['protocol', 'invalid-response', 'head', 'unknown'],
    ['encoding', 'invalid-response', 'head', 'unknown'],
    ['too-large', 'too-large', 'head', 'unknown'],
    ['queue-full', 'queue-full', 'head', 'no'],
  ] as const)('%s before a head is %s', async (kind, code, phase, charged) => {
    const started = start(false)
    started.flight.fail(kind)
    expect(await failureOf(started)).toMatchObject({ code, phase, charged })
    expect(started.listeners()).toBe(0)
  })

  it.each(['connect', 'head'] as const)('its timer %s keeps its name', async (timer) => {
    const started = start(true)
    started.flight.fail('timeout', { timer })
    expect(await failureOf(started)).toMatchObject({ code: 'timeout', timer })
  })

  it('a failure inside `send` itself ends the attempt, and the flight is let go', async () => {
    const { channel, flights } = fakeChannel((flight) => flight.fail('queue-full'))
    const request: UpstreamRequest = { method: 'POST', path: '/', headers: {}, stream: false }
    const [lane, clock] = [createPassLane(wire, false), new FakeClock()]
    const call = { channel, request, lane, wire, timeouts, msLeft: 1, commit, clock, ...reporting() }
    expect(await attempt(call, new AbortController().signal)).toMatchObject({ kind: 'failed' })
    expect(flights[0]?.isDestroyed).toBe(true)
  })
})
