// Different dialects: upstream events are read into the canonical form and, in the service, written in the client's.
import { SseDecoder, type SseEvent } from '../bytes/sse-decoder.ts'
import type { AnswerFacts } from '../chat/answer-facts.ts'
import { type ChatEvent, isContent } from '../chat/events.ts'
import type { UpstreamFailure } from '../chat/failure.ts'
import type { Loss } from '../chat/losses.ts'
import type { Usage } from '../chat/usage.ts'
import type { ResponseReader, ResponseWriter } from '../dialects/dialect.ts'
import { type AnswerLane, codecFailure, type LaneState } from './answer-lane.ts'

/** What becomes of canonical events: a dialect's bytes, or the events themselves. */
interface Outlet<Out> {
  add(events: readonly ChatEvent[]): void
  take(): Out | undefined
  whole(events: readonly ChatEvent[]): Out
  readonly losses: readonly Loss[]
}

/** Upstream bytes of one dialect to bytes of another. */
export function createTranslateLane(reader: ResponseReader, writer: ResponseWriter): AnswerLane<Buffer> {
  return new CanonicalLane(reader, bytesOutlet(writer))
}

/** Upstream bytes to canonical events, as the library hands them out. */
export function createEventsLane(reader: ResponseReader): AnswerLane<readonly ChatEvent[]> {
  return new CanonicalLane(reader, eventsOutlet())
}

function bytesOutlet(writer: ResponseWriter): Outlet<Buffer> {
  let pieces: Uint8Array[] = []
  return {
    add(events) {
      const bytes = writer.writeEvents(events)
      if (bytes.length > 0) pieces.push(bytes)
    },
    take() {
      if (pieces.length === 0) return undefined
      const joined = Buffer.concat(pieces)
      pieces = []
      return joined
    },
    whole: (events) => Buffer.from(writer.writeWhole(events)),
    get losses() {
      return writer.losses
    },
  }
}

function eventsOutlet(): Outlet<readonly ChatEvent[]> {
  let held: ChatEvent[] = []
  return {
    add(events) {
      for (const event of events) held.push(event)
    },
    take() {
      if (held.length === 0) return undefined
      const events = held
      held = []
      return events
    },
    whole: (events) => events,
    losses: [],
  }
}

class CanonicalLane<Out> implements AnswerLane<Out> {
  progress = 0
  readonly #reader: ResponseReader
  readonly #outlet: Outlet<Out>
  readonly #decoder = new SseDecoder()
  readonly #onEvent = (event: SseEvent): void => this.#event(event)
  #state: LaneState = 'quiet'
  #failure: UpstreamFailure | undefined
  #usage: Usage | undefined
  #id: string | undefined
  #model: string | undefined
  #stop: string | undefined

  constructor(reader: ResponseReader, outlet: Outlet<Out>) {
    this.#reader = reader
    this.#outlet = outlet
  }

  get state(): LaneState {
    return this.#state
  }

  get failure(): UpstreamFailure | undefined {
    return this.#failure
  }

  get usage(): Usage | undefined {
    return this.#usage
  }

  get facts(): AnswerFacts {
    return { id: this.#id, model: this.#model, stops: this.#stop === undefined ? [] : [this.#stop] }
  }

  get losses(): readonly Loss[] {
    const { losses } = this.#reader
    return losses.length === 0 ? this.#outlet.losses : [...losses, ...this.#outlet.losses]
  }

  push(chunk: Buffer): void {
    this.#guarded(() => this.#decoder.push(chunk, this.#onEvent))
  }

  end(): void {
    if (this.#state === 'quiet' || this.#state === 'content') this.#guarded(() => this.#accept(this.#reader.end()))
  }

  whole(body: Buffer): Out | undefined {
    return this.#guarded(() => {
      const events = this.#reader.readWhole(body)
      for (const event of events) this.#note(event)
      return this.#state === 'ended' ? this.#outlet.whole(events) : undefined
    })
  }

  take(): Out | undefined {
    return this.#outlet.take()
  }

  #event(event: SseEvent): void {
    if (event.hasData && (this.#state === 'quiet' || this.#state === 'content'))
      this.#accept(this.#reader.readEvent(event))
  }

  #accept(events: readonly ChatEvent[]): void {
    if (events.length > 0) this.progress++
    for (const event of events) this.#note(event)
    this.#outlet.add(this.#failure ? events.filter((event) => event.type !== 'failure') : events)
  }

  #note(event: ChatEvent): void {
    if (event.type === 'message-start') this.#start(event)
    else if (event.type === 'usage') this.#usage = event.usage
    else if (event.type === 'failure') this.#fail(event.failure)
    else if (event.type === 'message-end') this.#end(event.rawStop)
    else if (this.#state === 'quiet' && isContent(event)) this.#state = 'content'
  }

  #start({ id, model }: Extract<ChatEvent, { type: 'message-start' }>): void {
    this.#id = id
    this.#model = model
  }

  #end(rawStop: string): void {
    this.#stop = rawStop
    if (this.#state !== 'failed') this.#state = 'ended'
  }

  #fail(failure: UpstreamFailure): void {
    // What comes behind an end, or behind a first failure, changes nothing any more.
    if (this.#state === 'ended' || this.#state === 'failed') return
    const phase = this.#state === 'quiet' ? 'first-event' : 'mid-stream'
    this.#failure = { ...failure, phase }
    this.#state = 'failed'
  }

  #guarded<Result>(work: () => Result): Result | undefined {
    try {
      return work()
    } catch (thrown) {
      this.#fail(codecFailure(thrown))
      return undefined
    }
  }
}
