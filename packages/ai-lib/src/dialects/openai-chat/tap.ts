// Watches a stream on the pass lane: parses frames until content begins, then only those that a byte search points at.
import { isArray, isObject, tryParseJson, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { AnswerFacts } from '../../chat/answer-facts.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Usage } from '../../chat/usage.ts'
import type { FrameKind, Tap } from '../dialect.ts'
import { addFacts } from './answer-facts.ts'
import { innerError, readInnerFailure } from './failure.ts'
import { isWorthParsing } from './frame-search.ts'
import { findUsage } from './usage.ts'

/** True where a choice of a chunk carries something that a client would show or keep. */
export type HasContent = (choice: JsonObject) => boolean

export function createTap(hasContent: HasContent): Tap {
  return new OpenAiTap(hasContent)
}

class OpenAiTap implements Tap {
  readonly #hasContent: HasContent
  #sawContent = false
  #usage: Usage | undefined
  #facts: AnswerFacts | undefined
  #failure: UpstreamFailure | undefined

  constructor(hasContent: HasContent) {
    this.#hasContent = hasContent
  }

  get usage(): Usage | undefined {
    return this.#usage
  }

  get facts(): AnswerFacts | undefined {
    return this.#facts
  }

  get failure(): UpstreamFailure | undefined {
    return this.#failure
  }

  inspect(event: SseEvent): FrameKind {
    if (!event.hasData) return 'quiet'
    if (isDone(event)) return 'terminal'
    if (this.#sawContent && !isWorthParsing(event)) return 'content'
    return this.#parse(event)
  }

  #parse(event: SseEvent): FrameKind {
    const frame = tryParseJson(dataText(event))
    if (!isObject(frame)) return this.#fail(event, frame)
    const error = event.type === 'error' ? frame : innerError(frame)
    if (error !== undefined) {
      this.#failure = readInnerFailure(error, this.#phase())
      return 'failure'
    }
    this.#facts = addFacts(this.#facts, frame)
    const usage = findUsage(frame)
    if (usage !== undefined) this.#usage = usage
    const choices = frame['choices']
    if (isArray(choices) && choices.some((choice) => isObject(choice) && this.#hasContent(choice))) {
      this.#sawContent = true
      return 'content'
    }
    const isBare = !isArray(choices) || choices.length === 0
    return isBare && usage !== undefined ? 'usage-only' : 'quiet'
  }

  #fail(event: SseEvent, frame: JsonValue | undefined): FrameKind {
    if (event.type === 'error' && typeof frame === 'string') this.#failure = readInnerFailure(frame, this.#phase())
    else
      this.#failure = {
        phase: this.#phase(),
        code: event.type === 'error' ? 'failed' : 'invalid-response',
        charged: 'unknown',
        message: 'A frame of the stream is no JSON object.',
      }
    return 'failure'
  }

  #phase(): UpstreamFailure['phase'] {
    return this.#sawContent ? 'mid-stream' : 'first-event'
  }
}

/** `data: [DONE]`, OpenAI's end of a stream. */
export function isDone(event: SseEvent): boolean {
  const { bytes, dataStart, dataEnd } = event
  if (bytes[dataStart] !== 0x5b || dataEnd - dataStart > 16) return false
  return bytes.toString('latin1', dataStart, dataEnd).trim() === '[DONE]'
}
