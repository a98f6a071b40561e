// Watches a stream on the pass lane: parses frames until content begins, then only those that native search points at.
import { isArray, isObject, tryParseJson, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { dataText, type SseEvent } from '../../bytes/sse-decoder.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Usage } from '../../chat/usage.ts'
import type { FrameKind, Tap } from '../dialect.ts'
import { innerError, readInnerFailure } from './failure.ts'
import { findUsage } from './usage.ts'

const openBrace = 0x7b
const colon = 0x3a

/** True where a choice of a chunk carries something that a client would show or keep. */
export type HasContent = (choice: JsonObject) => boolean

export function createTap(hasContent: HasContent): Tap {
  return new OpenAiTap(hasContent)
}

class OpenAiTap implements Tap {
  readonly #hasContent: HasContent
  readonly #errors = new Needle('"error"')
  readonly #usages = new Needle('"usage"')
  #sawContent = false
  #usage: Usage | undefined
  #failure: UpstreamFailure | undefined

  constructor(hasContent: HasContent) {
    this.#hasContent = hasContent
  }

  get usage(): Usage | undefined {
    return this.#usage
  }

  get failure(): UpstreamFailure | undefined {
    return this.#failure
  }

  inspect(event: SseEvent): FrameKind {
    if (!event.hasData) return 'quiet'
    if (isDone(event)) return 'terminal'
    if (this.#sawContent && !this.#isWorthParsing(event)) return 'content'
    return this.#parse(event)
  }

  // In JSON text a quote inside a string is `\"`, so `"usage"` there is followed by a backslash and never found;
  // what is found may still be a value (`"content":"error"`), which parsing settles.
  #isWorthParsing(event: SseEvent): boolean {
    if (event.type === 'error' || this.#errors.find(event, 0) !== -1) return true
    for (let at = this.#usages.find(event, 0); at !== -1; at = this.#usages.find(event, at))
      if (isObjectMember(event, at)) return true
    return false
  }

  #parse(event: SseEvent): FrameKind {
    const frame = tryParseJson(dataText(event))
    if (!isObject(frame)) return this.#fail(event, frame)
    const error = event.type === 'error' ? frame : innerError(frame)
    if (error !== undefined) {
      this.#failure = readInnerFailure(error, this.#phase())
      return 'failure'
    }
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

// Searching once per chunk, not once per frame, makes a frame without findings cost two comparisons.
class Needle {
  readonly #needle: Buffer
  #bytes: Buffer | undefined
  #lastStart = -1
  #found = -1

  constructor(needle: string) {
    this.#needle = Buffer.from(needle)
  }

  /** Position behind the next occurrence in the event's data after `from`, or -1. */
  find(event: SseEvent, from: number): number {
    const start = Math.max(from, event.dataStart)
    // A buffer filled anew begins at its start again.
    const isKnown = this.#bytes === event.bytes && start > this.#lastStart
    if (!isKnown || (this.#found !== -1 && this.#found < start)) this.#found = event.bytes.indexOf(this.#needle, start)
    this.#bytes = event.bytes
    this.#lastStart = start
    const end = this.#found + this.#needle.length
    return this.#found === -1 || end > event.dataEnd ? -1 : end
  }
}

// `"usage": {` but not OpenAI's `"usage":null` on every frame.
function isObjectMember(event: SseEvent, keyEnd: number): boolean {
  const { bytes, dataEnd } = event
  let at = keyEnd
  while (at < dataEnd && isSpace(bytes[at])) at++
  if (bytes[at] !== colon) return false
  at++
  while (at < dataEnd && isSpace(bytes[at])) at++
  return at < dataEnd && bytes[at] === openBrace
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

/** `data: [DONE]`, OpenAI's end of a stream. */
export function isDone(event: SseEvent): boolean {
  const { bytes, dataStart, dataEnd } = event
  if (bytes[dataStart] !== 0x5b || dataEnd - dataStart > 16) return false
  return bytes.toString('latin1', dataStart, dataEnd).trim() === '[DONE]'
}
