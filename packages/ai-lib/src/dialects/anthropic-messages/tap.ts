// Watches a stream that passes through: parses few frames before the first content, and after it only usage and failure.
import { isObject, type JsonObject, objectAt, stringAt, tryParseJson } from '../../bytes/json-value.ts'
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { AnswerFacts } from '../../chat/answer-facts.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Usage } from '../../chat/usage.ts'
import type { FrameKind, Tap } from '../dialect.ts'
import { invalidResponse, readErrorObject } from './failure.ts'
import { frameType } from './frame-type.ts'
import { UsageMeter } from './usage.ts'

export function createTap(): Tap {
  return new StreamTap()
}

class StreamTap implements Tap {
  readonly #meter = new UsageMeter()
  #progress: 'waiting' | 'started' | 'content' = 'waiting'
  #failure: UpstreamFailure | undefined
  #id: string | undefined
  #model: string | undefined
  #stop: string | undefined

  get usage(): Usage | undefined {
    return this.#meter.usage
  }

  get facts(): AnswerFacts {
    return { id: this.#id, model: this.#model, stops: this.#stop === undefined ? [] : [this.#stop] }
  }

  get failure(): UpstreamFailure | undefined {
    return this.#failure
  }

  inspect(event: SseEvent): FrameKind {
    if (!event.hasData) return 'quiet'
    const kind = this.#kindOf(event)
    if (kind === 'content') this.#progress = 'content'
    return kind
  }

  #kindOf(event: SseEvent): FrameKind {
    switch (frameType(event)) {
      case 'content_block_delta':
        return this.#progress === 'content' ? 'content' : this.#parsed(event, kindOfDelta)
      case 'content_block_start':
        return this.#progress === 'content' ? 'content' : this.#parsed(event, kindOfBlock)
      case 'message_start':
        return this.#parsed(event, (frame) => this.#messageStart(frame))
      case 'message_delta':
        return this.#parsed(event, (frame) => this.#messageDelta(frame))
      case 'message_stop':
        return 'terminal'
      case 'error':
        return this.#parsed(event, (frame) => this.#fail(readErrorObject(frame, this.#phase)))
      case undefined:
        return this.#invalid('A frame of the stream is no event of this dialect.')
      default:
        return 'quiet'
    }
  }

  get #phase(): UpstreamFailure['phase'] {
    return this.#progress === 'content' ? 'mid-stream' : 'first-event'
  }

  #parsed(event: SseEvent, kindOf: (frame: JsonObject) => FrameKind): FrameKind {
    const frame = tryParseJson(dataText(event))
    return isObject(frame) ? kindOf(frame) : this.#invalid('A frame of the stream is not valid JSON.')
  }

  #messageStart(frame: JsonObject): FrameKind {
    // Two answers glued together would read as one with the wrong text.
    if (this.#progress !== 'waiting') return this.#invalid('A second message began inside the stream.')
    this.#progress = 'started'
    const message = objectAt(frame, 'message') ?? {}
    this.#meter.merge(objectAt(message, 'usage'))
    this.#id = stringAt(message, 'id')
    this.#model = stringAt(message, 'model')
    const content = message['content']
    return Array.isArray(content) && content.length > 0 ? 'content' : 'quiet'
  }

  #messageDelta(frame: JsonObject): FrameKind {
    this.#meter.merge(objectAt(frame, 'usage'))
    this.#stop = stringAt(objectAt(frame, 'delta') ?? {}, 'stop_reason') ?? this.#stop
    return 'quiet'
  }

  #invalid(message: string): FrameKind {
    return this.#fail(invalidResponse(this.#phase, message))
  }

  #fail(failure: UpstreamFailure): FrameKind {
    this.#failure = failure
    return 'failure'
  }
}

// Text and thinking open empty and are told by deltas; every other block says something by its head alone.
function kindOfBlock(frame: JsonObject): FrameKind {
  const block = objectAt(frame, 'content_block') ?? {}
  switch (block['type']) {
    case 'text':
      return block['text'] ? 'content' : 'quiet'
    case 'thinking':
      return block['thinking'] ? 'content' : 'quiet'
    default:
      return 'content'
  }
}

function kindOfDelta(frame: JsonObject): FrameKind {
  const { type: _type, ...told } = objectAt(frame, 'delta') ?? {}
  return Object.values(told).some((value) => value !== '' && value !== null) ? 'content' : 'quiet'
}
