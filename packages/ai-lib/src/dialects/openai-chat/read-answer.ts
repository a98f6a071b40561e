// Reads an answer: chunks of a stream, or a whole body as one chunk, through the same states.
import {
  isArray,
  isObject,
  numberAt,
  parseJsonObject,
  stringAt,
  tryParseJson,
  type JsonObject,
} from '../../bytes/json-value.ts'
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { ChatEvent } from '../../chat/events.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Loss } from '../../chat/losses.ts'
import type { Citation } from '../../chat/parts.ts'
import { AiError } from '../../errors/ai-error.ts'
import type { ResponseReader } from '../dialect.ts'
import { AnswerParts } from './answer-parts.ts'
import { readSources } from './citations.ts'
import { innerError, readInnerFailure } from './failure.ts'
import { readStop } from './stop-reasons.ts'
import { isDone } from './tap.ts'
import { UnreadAnswer } from './unread-answer.ts'
import { findUsage } from './usage.ts'

export function createReader(): ResponseReader {
  return new AnswerReader()
}

/** Some providers say `message` inside a stream, or `delta` in a whole answer. */
const other = { delta: 'message', message: 'delta' } as const

class AnswerReader implements ResponseReader {
  #state: 'waiting' | 'started' | 'ended' = 'waiting'
  #finish: string | undefined
  #sources: readonly Citation[] = []
  readonly #parts = new AnswerParts()
  readonly #unread = new UnreadAnswer()

  get losses(): readonly Loss[] {
    return this.#unread.losses
  }

  readEvent(event: SseEvent): readonly ChatEvent[] {
    if (this.#state === 'ended' || !event.hasData) return []
    const events: ChatEvent[] = []
    if (isDone(event)) this.#complete(events)
    else this.#guard(events, () => this.#readFrame(event, events))
    return events
  }

  readWhole(body: Uint8Array): readonly ChatEvent[] {
    const events: ChatEvent[] = []
    this.#guard(events, () => {
      const answer = parseJsonObject(body, 'provider_invalid_response')
      this.#readChunk(answer, 'message', 'head', events)
      if (this.#state === 'ended') return
      if (this.#finish === undefined && !hasMessage(answer))
        this.#fail('invalid-response', 'It holds no message.', events)
      else {
        // A body that came whole is whole even where it does not say why the model stopped.
        this.#finish ??= ''
        this.#complete(events)
      }
    })
    return events
  }

  end(): readonly ChatEvent[] {
    const events: ChatEvent[] = []
    if (this.#state !== 'ended') this.#fail('truncated', 'The stream ended without [DONE].', events)
    return events
  }

  #readFrame(event: SseEvent, events: ChatEvent[]): void {
    const frame = tryParseJson(dataText(event))
    if (event.type === 'error' && frame !== undefined) this.#endWith(readInnerFailure(frame, this.#phase()), events)
    else if (isObject(frame)) this.#readChunk(frame, 'delta', this.#phase(), events)
    else this.#fail('invalid-response', 'A frame of the stream is no JSON object.', events)
  }

  #readChunk(
    chunk: JsonObject,
    field: 'delta' | 'message',
    phase: UpstreamFailure['phase'],
    events: ChatEvent[],
  ): void {
    const error = innerError(chunk)
    if (error !== undefined) return this.#endWith(readInnerFailure(error, phase), events)
    this.#start(chunk, events)
    const sources = readSources(chunk)
    if (sources.length > 0) this.#sources = sources
    const choice = firstChoice(chunk)
    const place = isObject(choice?.[field]) ? field : other[field]
    this.#unread.note(chunk, choice, place)
    const delta = choice?.[place]
    if (isObject(delta)) this.#parts.add(delta, events)
    const finish = stringAt(choice ?? {}, 'finish_reason') ?? ''
    if (finish !== '') this.#finish = finish
    const usage = findUsage(chunk)
    if (usage !== undefined) events.push({ type: 'usage', usage })
  }

  // Azure's first frame has neither id nor choices, only filter results: the answer starts after it.
  #start(chunk: JsonObject, events: ChatEvent[]): void {
    if (this.#state !== 'waiting') return
    const id = stringAt(chunk, 'id') ?? ''
    if (id === '' && firstChoice(chunk) === undefined) return
    this.#state = 'started'
    const created = numberAt(chunk, 'created') ?? 0
    const model = stringAt(chunk, 'model') ?? ''
    events.push({ type: 'message-start', id, model, ...(created > 0 ? { created } : {}) })
  }

  #complete(events: ChatEvent[]): void {
    if (this.#finish === undefined || this.#state !== 'started')
      return this.#fail('truncated', 'The stream ended without a finish reason.', events)
    for (const source of this.#sources) this.#parts.cite(source, events)
    const { seen } = this.#parts
    if (!this.#parts.end(events)) return this.#fail('invalid-response', 'A tool call has no name.', events)
    this.#state = 'ended'
    events.push({ type: 'message-end', stop: readStop(this.#finish, seen), rawStop: this.#finish })
  }

  // A tree too deep to be written again throws RangeError: the answer is unreadable then, the process well.
  #guard(events: ChatEvent[], read: () => void): void {
    try {
      read()
    } catch (thrown) {
      if (thrown instanceof AiError) this.#fail('invalid-response', thrown.message, events)
      else if (thrown instanceof RangeError) this.#fail('invalid-response', 'It nests too deep.', events)
      else throw thrown
    }
  }

  #phase(): UpstreamFailure['phase'] {
    return this.#parts.hasBegun ? 'mid-stream' : 'first-event'
  }

  #fail(code: UpstreamFailure['code'], message: string, events: ChatEvent[]): void {
    this.#endWith({ phase: this.#phase(), code, charged: 'unknown', message }, events)
  }

  #endWith(failure: UpstreamFailure, events: ChatEvent[]): void {
    this.#state = 'ended'
    events.push({ type: 'failure', failure })
  }
}

// A translated request asks for one choice; what a provider sends besides is not part of the answer.
function firstChoice(chunk: JsonObject): JsonObject | undefined {
  const choices = chunk['choices']
  if (!isArray(choices)) return undefined
  for (const choice of choices) if (isObject(choice) && (numberAt(choice, 'index') ?? 0) === 0) return choice
  return undefined
}

function hasMessage(answer: JsonObject): boolean {
  return isObject(firstChoice(answer)?.['message'])
}
