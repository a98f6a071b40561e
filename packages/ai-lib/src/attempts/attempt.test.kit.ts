// What attempt tests share: a transport whose answers the test writes by hand, a clock, and frames of an OpenAI stream.
import type { ResponseHeaders } from '../dialects/dialect.ts'
import type { Channel, Flight, TransportFailure, UpstreamRequest, UpstreamSink } from '../transport/transport.ts'
import type { AttemptCall } from './attempt-call.ts'
import type { Clock } from './clock.ts'
import { EndpointHealth } from './endpoint-health.ts'

/** One request that reached the fake network, and what became of it. */
export class FakeFlight implements Flight {
  readonly isSent = true
  readonly request: UpstreamRequest
  readonly sink: UpstreamSink
  isPaused = false
  isDestroyed = false

  constructor(request: UpstreamRequest, sink: UpstreamSink) {
    this.request = request
    this.sink = sink
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  destroy(): void {
    this.isDestroyed = true
  }

  head(status: number, headers: ResponseHeaders = { 'content-type': 'application/json' }): void {
    this.sink.head(status, headers)
  }

  streamHead(): void {
    this.sink.head(200, { 'content-type': 'text/event-stream' })
  }

  data(text: string): void {
    this.sink.data(Buffer.from(text))
  }

  end(): void {
    this.sink.end()
  }

  fail(kind: TransportFailure['kind'], more: Partial<TransportFailure> = {}): void {
    this.sink.fail({ kind, afterHead: false, ...more })
  }

  /** A whole JSON answer. */
  answer(status: number, body: unknown, headers: ResponseHeaders = {}): void {
    this.sink.head(status, { 'content-type': 'application/json', ...headers })
    this.data(JSON.stringify(body))
    this.end()
  }
}

export type OnSend = (flight: FakeFlight, index: number) => void

/** A channel that keeps its flights; `onSend` may answer them at once or later. */
export function fakeChannel(onSend: OnSend = () => undefined): { channel: Channel; flights: FakeFlight[] } {
  const flights: FakeFlight[] = []
  const channel: Channel = {
    send(request, sink) {
      const flight = new FakeFlight(request, sink)
      flights.push(flight)
      onSend(flight, flights.length - 1)
      return flight
    },
    close: () => Promise.resolve(),
  }
  return { channel, flights }
}

/** To whom an attempt reports: an endpoint that is well. */
export function reporting(): Pick<AttemptCall<Buffer>, 'health' | 'isTrial' | 'sentMs' | 'judged'> {
  const health = new EndpointHealth()
  return { health, isTrial: health.begin(0), sentMs: 0, judged: undefined }
}

/** A clock that moves only when it sleeps or is told to. */
export class FakeClock implements Clock {
  now = 1_000
  readonly slept: number[] = []
  nowMs(): number {
    return this.now
  }
  dateMs(): number {
    return Date.parse('2026-11-23T12:00:00Z') + this.now
  }
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.slept.push(ms)
    if (!signal.aborted) this.now += ms
    return Promise.resolve()
  }
}

/** A clock on the timers' own time, real or faked. */
export function tickingClock(): FakeClock {
  const clock = new FakeClock()
  clock.nowMs = () => performance.now()
  return clock
}

function chunk(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`
}

/** Frames of an OpenAI chat stream. */
export const frames = {
  role: chunk({ role: 'assistant', content: '' }, null),
  text: (text: string) => chunk({ content: text }, null),
  stop: chunk({}, 'stop'),
  usage: `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })}\n\n`,
  done: 'data: [DONE]\n\n',
  ping: ': ping\n\n',
  error: 'data: {"error":{"message":"overloaded now","type":"server_error","code":null}}\n\n',
} as const

export const wholeAnswer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
} as const
