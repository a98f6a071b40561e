// Reads an answer, streamed or whole, into events; the protocol's order is checked on the way.
import {
  arrayAt,
  isObject,
  type JsonObject,
  objectAt,
  parseJsonObject,
  stringAt,
  tryParseJson,
} from '../../bytes/json-value.ts'
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import { type ChatEvent, isContent } from '../../chat/events.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Loss } from '../../chat/losses.ts'
import type { ResponseReader } from '../dialect.ts'
import { type MessageState, type OpenBlock, openBlock } from './answer-blocks.ts'
import { invalidResponse, readErrorObject } from './failure.ts'
import { RawJson } from './raw-json.ts'
import { readStop } from './stop-reasons.ts'
import { UnreadAnswer } from './unread-answer.ts'
import { UsageMeter } from './usage.ts'

export function createReader(): ResponseReader {
  return new AnswerReader()
}

class AnswerReader implements ResponseReader {
  readonly #meter = new UsageMeter()
  readonly #open = new Map<number, OpenBlock>()
  readonly #state: MessageState = { nextIndex: 0, textLength: 0 }
  #progress: 'waiting' | 'started' | 'done' = 'waiting'
  #hasContent = false
  #stopReason = ''
  #stopSequence: string | undefined
  #refusal = ''
  #text = ''
  #events: ChatEvent[] = []
  readonly #unread = new UnreadAnswer()

  get losses(): readonly Loss[] {
    return this.#unread.losses
  }

  readEvent(event: SseEvent): readonly ChatEvent[] {
    if (!event.hasData || this.#progress === 'done') return []
    const text = dataText(event)
    const frame = tryParseJson(text)
    if (isObject(frame)) this.#frame(frame, text)
    else this.#invalid('A frame of the stream is not a JSON object.')
    return this.#take()
  }

  readWhole(body: Uint8Array): readonly ChatEvent[] {
    const message = objectOf(body)
    if (message === undefined) this.#invalid('The answer is not a JSON object.')
    else if (message['type'] === 'error' || isObject(message['error']))
      this.#fail(readErrorObject(message, 'first-event'))
    else if (arrayAt(message, 'content') === undefined) this.#invalid('The answer is not a message.')
    else {
      this.#unread.noteMessage(message)
      this.#begin(message, () => new RawJson(Buffer.from(body).toString('utf8')))
      if (this.#progress === 'started') this.#finish()
    }
    return this.#take()
  }

  end(): readonly ChatEvent[] {
    if (this.#progress === 'done') return []
    this.#fail({ phase: this.#phase, code: 'truncated', charged: 'unknown' })
    return this.#take()
  }

  get #phase(): UpstreamFailure['phase'] {
    return this.#hasContent ? 'mid-stream' : 'first-event'
  }

  #take(): readonly ChatEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #emit(events: readonly ChatEvent[]): void {
    for (const event of events) {
      if (!this.#hasContent && isContent(event)) this.#hasContent = true
      if (event.type === 'part-delta') this.#text += event.text
      this.#events.push(event)
    }
  }

  #fail(failure: UpstreamFailure): void {
    this.#progress = 'done'
    this.#events.push({ type: 'failure', failure })
  }

  #invalid(message: string): void {
    this.#fail(invalidResponse(this.#phase, message))
  }

  #frame(frame: JsonObject, text: string): void {
    const type = stringAt(frame, 'type') ?? (isObject(frame['error']) ? 'error' : '')
    if (type === 'error') return this.#fail(readErrorObject(frame, this.#phase))
    if (type === 'ping') return
    if (type === 'message_start') return this.#messageStart(frame, text)
    if (this.#progress === 'waiting') return this.#invalid(`The stream begins with "${type}".`)
    this.#unread.noteFrame(type, frame)
    switch (type) {
      case 'content_block_start':
        return this.#blockStart(frame, text)
      case 'content_block_delta':
        return this.#blockDelta(frame)
      case 'content_block_stop':
        return this.#blockStop(frame)
      case 'message_delta':
        return this.#messageDelta(frame)
      case 'message_stop':
        return this.#finish()
    }
    // Events of other types may be added to the protocol at any time and are skipped, as its documentation asks.
  }

  #messageStart(frame: JsonObject, text: string): void {
    if (this.#progress === 'started') return this.#invalid('A second message began inside the stream.')
    const message = objectAt(frame, 'message')
    if (message === undefined) return this.#invalid('"message_start" has no message.')
    this.#unread.noteFrame('message_start', frame)
    this.#begin(message, () => new RawJson(text).field('message'))
  }

  // A message may come with content: whole answers do, and streams that go on with a tool call of a container.
  #begin(message: JsonObject, raw: () => RawJson | undefined): void {
    this.#progress = 'started'
    this.#emit([{ type: 'message-start', id: stringAt(message, 'id') ?? '', model: stringAt(message, 'model') ?? '' }])
    this.#readUsage(message)
    let rawContent: RawJson | undefined
    const content = arrayAt(message, 'content') ?? []
    for (const [index, block] of content.entries()) {
      if (!isObject(block)) return this.#invalid('A content block is not an object.')
      const rawBlock = () => (rawContent ??= raw()?.field('content'))?.element(index)
      const opened = openBlock(block, rawBlock, this.#state)
      this.#emit(opened.events)
      this.#emit(opened.block.stop())
    }
    this.#readStop(message)
  }

  #blockStart(frame: JsonObject, text: string): void {
    const block = objectAt(frame, 'content_block')
    const index = frame['index']
    if (block === undefined || typeof index !== 'number') return this.#invalid('A content block has no index or body.')
    if (this.#open.has(index)) return this.#invalid(`Content block ${index} began twice.`)
    const opened = openBlock(block, () => new RawJson(text).field('content_block'), this.#state)
    this.#open.set(index, opened.block)
    this.#emit(opened.events)
  }

  #blockDelta(frame: JsonObject): void {
    const events = this.#blockOf(frame)?.delta(objectAt(frame, 'delta') ?? {})
    if (events === undefined) return this.#invalid('A delta belongs to no open content block.')
    this.#emit(events)
  }

  #blockStop(frame: JsonObject): void {
    const block = this.#blockOf(frame)
    if (block === undefined) return this.#invalid('A content block ended that was not open.')
    if (typeof frame['index'] === 'number') this.#open.delete(frame['index'])
    this.#emit(block.stop())
  }

  #blockOf(frame: JsonObject): OpenBlock | undefined {
    const index = frame['index']
    return typeof index === 'number' ? this.#open.get(index) : undefined
  }

  #messageDelta(frame: JsonObject): void {
    this.#readStop(objectAt(frame, 'delta') ?? {})
    this.#readUsage(frame)
  }

  #readUsage(holder: JsonObject): void {
    const reported = objectAt(holder, 'usage')
    this.#meter.merge(reported)
    const usage = this.#meter.usage
    if (reported !== undefined && usage !== undefined) this.#emit([{ type: 'usage', usage }])
  }

  #readStop(holder: JsonObject): void {
    this.#stopReason = stringAt(holder, 'stop_reason') ?? this.#stopReason
    this.#stopSequence = stringAt(holder, 'stop_sequence') ?? this.#stopSequence
    this.#refusal = stringAt(objectAt(holder, 'stop_details') ?? {}, 'explanation') ?? this.#refusal
  }

  #finish(): void {
    for (const block of this.#open.values()) this.#emit(block.stop())
    this.#open.clear()
    this.#explainRefusal()
    this.#progress = 'done'
    this.#events.push({
      type: 'message-end',
      stop: readStop(this.#stopReason),
      rawStop: this.#stopReason,
      ...(this.#stopSequence === undefined ? {} : { stopSequence: this.#stopSequence }),
    })
  }

  // Our own writer tells an explanation as text too, for clients that show content alone: it must not come twice.
  #explainRefusal(): void {
    if (this.#stopReason !== 'refusal' && this.#refusal !== '') this.#unread.noteExplanation()
    if (this.#stopReason !== 'refusal' || this.#refusal === '' || this.#text.endsWith(this.#refusal)) return
    const index = this.#state.nextIndex++
    this.#emit([
      { type: 'part-start', index, head: { type: 'refusal' } },
      { type: 'part-delta', index, text: this.#refusal },
      { type: 'part-end', index },
    ])
  }
}

function objectOf(body: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(body, 'provider_invalid_response')
  } catch {
    // Unreadable bodies become a failure event, which the attempt loop weighs.
    return undefined
  }
}
