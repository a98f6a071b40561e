// OpenAI Responses on the pass lane: what routing and billing need is read from the bytes, and nothing is translated.
import type { SseEvent } from '../../bytes/sse-decoder.ts'
import { namedEvent } from '../../bytes/sse-encoder.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { Usage } from '../../chat/usage.ts'
import type { AiError } from '../../errors/ai-error.ts'
import type { FrameKind, Tap, Wire } from '../dialect.ts'
import { failureOfEvent, failureOfStatus, unreadableFailure } from './failures.ts'
import { jsonAt, readFields, type Fields } from './fields.ts'
import { peekHead } from './head.ts'
import { readUsage } from './usage.ts'

/** The Responses protocol as OpenAI, Azure and xAI speak it; events as in OpenAI's API description 2.3.0. */
export const openaiResponses: Wire = {
  dialect: 'openai-responses',
  peek: peekHead,
  createTap: () => new ResponsesTap(),
  readWhole(body) {
    const fields = readFields(body, answerFields)
    const failed = jsonAt(fields, 'status') === 'failed' || isSet(jsonAt(fields, 'error'))
    return {
      usage: readUsage(jsonAt(fields, 'usage')),
      failure: failed ? failureOfEvent(jsonAt(fields, 'error'), 'first-event') : undefined,
    }
  },
  readFailure: failureOfStatus,
  writeFailure(error, at, requestId) {
    return Buffer.from(at === 'mid-stream' ? errorEvent(error, requestId) : errorBody(error, requestId))
  },
}

const answerFields: ReadonlySet<string> = new Set(['status', 'error', 'usage'])
const eventFields: ReadonlySet<string> = new Set([
  'type',
  'response',
  'error',
  'item',
  'part',
  'code',
  'message',
  'param',
])

/** Events that come before an answer begins, whatever they carry. */
const quietTypes: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.reasoning_summary_part.added',
])

class ResponsesTap implements Tap {
  usage: Usage | undefined
  failure: UpstreamFailure | undefined
  #hasContent = false

  inspect(event: SseEvent): FrameKind {
    if (!event.hasData) return 'quiet'
    const type = this.#typeOf(event)
    if (type === undefined) return this.#fail(unreadableFailure(this.#phase()))
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(event)
      case 'response.failed':
      case 'error':
        return this.#fail(this.#failureIn(event))
    }
    if (this.#hasContent) return 'content'
    // Names outside `response.` are none of the answer's: `keepalive`, `ping` and what gateways add.
    if (!type.startsWith('response.') || quietTypes.has(type) || isEmptyOpening(event, type)) return 'quiet'
    this.#hasContent = true
    return 'content'
  }

  /** The event's name; empty for a `[DONE]` that some gateways add, undefined where the data is no JSON. */
  #typeOf(event: SseEvent): string | undefined {
    if (event.type.startsWith('response.') || event.type === 'error') return event.type
    const leading = leadingType(event)
    if (leading !== undefined) return leading
    if (event.bytes.toString('latin1', event.dataStart, event.dataEnd) === '[DONE]') return ''
    const fields = eventJson(event)
    if (fields === undefined) return undefined
    const type = jsonAt(fields, 'type')
    if (typeof type === 'string') return type
    // A gateway in between may send a bare `{"error":{…}}`, as chat completions do.
    return isSet(jsonAt(fields, 'error')) ? 'error' : event.type
  }

  #end(event: SseEvent): FrameKind {
    const response = responseIn(eventJson(event))
    if (response === undefined) return this.#fail(unreadableFailure(this.#phase()))
    this.usage = readUsage(jsonAt(response, 'usage')) ?? this.usage
    if (jsonAt(response, 'status') !== 'failed') return 'terminal'
    return this.#fail(failureOfEvent(jsonAt(response, 'error'), this.#phase()))
  }

  #failureIn(event: SseEvent): UpstreamFailure {
    const fields = eventJson(event)
    if (fields === undefined) return unreadableFailure(this.#phase())
    const response = responseIn(fields)
    if (response !== undefined) {
      this.usage = readUsage(jsonAt(response, 'usage')) ?? this.usage
      return failureOfEvent(jsonAt(response, 'error'), this.#phase())
    }
    const error = jsonAt(fields, 'error')
    if (isSet(error)) return failureOfEvent(error, this.#phase())
    const flat = { code: jsonAt(fields, 'code'), message: jsonAt(fields, 'message'), param: jsonAt(fields, 'param') }
    return failureOfEvent(flat, this.#phase())
  }

  #fail(failure: UpstreamFailure): FrameKind {
    this.failure = failure
    return 'failure'
  }

  #phase(): UpstreamFailure['phase'] {
    return this.#hasContent ? 'mid-stream' : 'first-event'
  }
}

const typePrefix = Buffer.from('{"type":"')

// OpenAI writes `type` first: then neither a scan nor a parse is needed to know an unnamed event.
function leadingType(event: SseEvent): string | undefined {
  const { bytes, dataStart, dataEnd } = event
  const from = dataStart + typePrefix.length
  if (from > dataEnd || bytes.compare(typePrefix, 0, typePrefix.length, dataStart, from) !== 0) return undefined
  const quote = bytes.indexOf(0x22, from)
  if (quote === -1 || quote >= dataEnd) return undefined
  const type = bytes.toString('latin1', from, quote)
  return type.includes('\\') ? undefined : type
}

function eventJson(event: SseEvent): Fields | undefined {
  try {
    return readFields(event.bytes.subarray(event.dataStart, event.dataEnd), eventFields)
  } catch {
    // Unreadable is an answer here: the caller turns it into a failure frame.
    return undefined
  }
}

function responseIn(fields: Fields | undefined): Fields | undefined {
  const span = fields?.spans.get('response')
  if (fields === undefined || span === undefined) return undefined
  try {
    return readFields(fields.bytes.subarray(span.valueStart, span.valueEnd), answerFields)
  } catch {
    return undefined // `"response": null` and other non-objects: as if it were absent.
  }
}

// A message or reasoning item, or a text part, that opens empty: nothing that a client would miss after a retry.
function isEmptyOpening(event: SseEvent, type: string): boolean {
  if (type !== 'response.output_item.added' && type !== 'response.content_part.added') return false
  const fields = eventJson(event)
  if (fields === undefined) return false
  const value = jsonAt(fields, type === 'response.output_item.added' ? 'item' : 'part')
  if (typeof value !== 'object' || value === null) return false
  if ('text' in value || 'refusal' in value) return !hasLength(value, 'text') && !hasLength(value, 'refusal')
  if (!('type' in value) || (value.type !== 'message' && value.type !== 'reasoning')) return false
  return !hasLength(value, 'content') && !hasLength(value, 'summary')
}

function hasLength(value: object, key: string): boolean {
  const inner: unknown = Reflect.get(value, key)
  return (typeof inner === 'string' || Array.isArray(inner)) && inner.length > 0
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function errorBody(error: AiError, requestId: string): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: errorType(error.status),
      code: error.code,
      param: error.details.param ?? null,
      request_id: requestId,
    },
  })
}

function errorEvent(error: AiError, requestId: string): string {
  const param = error.details.param ?? null
  const event = { type: 'error', code: error.code, message: error.message, param, request_id: requestId }
  return namedEvent('error', JSON.stringify(event))
}

// The words that OpenAI itself puts into `error.type`.
function errorType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
