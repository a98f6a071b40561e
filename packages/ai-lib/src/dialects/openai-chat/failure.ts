// Errors in OpenAI's form: read from what providers really answer, and written to clients.
import { isArray, isObject, stringAt, tryParseJson, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { dataEvent } from '../../bytes/sse-encoder.ts'
import type { UpstreamFailure } from '../../chat/failure.ts'
import type { AiError } from '../../errors/ai-error.ts'
import { codeOfStatus, codeOfWords } from './failure-code.ts'

/** Error bodies beyond this are not parsed: nothing true about a failure takes more. */
const maxErrorBytes = 256 * 1024
const maxMessageLength = 2000

interface Told {
  readonly message?: string
  readonly words: readonly string[]
  readonly param?: string
  /** A status that the error names inside a 200 (OpenRouter's numeric `code`). */
  readonly status?: number
}

/** Reads an error answer: OpenAI's form, `{message}`, `{detail}`, arrays of these, plain text, HTML, nothing. */
export function readFailure(status: number, body: Uint8Array): UpstreamFailure {
  const told = readBody(body)
  return {
    phase: 'head',
    code: codeOfStatus(status, told.words),
    status,
    charged: status < 500 ? 'no' : 'unknown',
    ...details(told),
  }
}

/** Reads an error that stands inside a 200: an `error` member, an error frame, or `finish_reason: "error"`. */
export function readInnerFailure(value: JsonValue, phase: UpstreamFailure['phase']): UpstreamFailure {
  const told = readTold(value)
  return {
    phase,
    code: codeOfWords(told.status, told.words),
    ...(told.status === undefined ? {} : { status: told.status }),
    charged: 'unknown',
    ...details(told),
  }
}

/** The error that a frame or a whole answer of status 200 holds, if any. */
export function innerError(answer: JsonObject): JsonValue | undefined {
  const error = answer['error']
  if (isObject(error) || (typeof error === 'string' && error !== '')) return answer
  // vLLM's older form.
  if (answer['object'] === 'error') return answer
  const choices = answer['choices']
  if (!isArray(choices)) return undefined
  for (const choice of choices) {
    if (!isObject(choice)) continue
    if (isObject(choice['error'])) return choice
    if (choice['finish_reason'] === 'error') return { message: 'The provider ended its answer with an error.' }
  }
  return undefined
}

function details(told: Told): Pick<UpstreamFailure, 'message' | 'providerCode' | 'param'> {
  const word = told.words[0]
  return {
    ...(told.message === undefined ? {} : { message: told.message }),
    ...(word === undefined ? {} : { providerCode: word }),
    ...(told.param === undefined ? {} : { param: told.param }),
  }
}

function readBody(body: Uint8Array): Told {
  if (body.length === 0) return { words: [] }
  const bytes = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, maxErrorBytes))
  const text = bytes.toString('utf8')
  const value = body.length <= maxErrorBytes ? tryParseJson(text) : undefined
  if (value !== undefined && (isObject(value) || isArray(value))) return readTold(value)
  const message = text.includes('<') ? htmlTitle(text) : text.trim()
  return message === '' ? { words: [] } : { message: message.slice(0, maxMessageLength), words: [] }
}

function htmlTitle(text: string): string {
  const title = /<title[^>]{0,200}>([^<]{1,300})</i.exec(text)?.[1] ?? /<h1[^>]{0,200}>([^<]{1,300})</i.exec(text)?.[1]
  return title?.trim() ?? ''
}

function readTold(value: JsonValue): Told {
  if (typeof value === 'string') return { message: value.slice(0, maxMessageLength), words: [] }
  if (isArray(value)) {
    const first = value[0]
    return first === undefined || isArray(first) ? { words: [] } : readTold(first)
  }
  if (!isObject(value)) return { words: [] }
  const inner = value['error']
  if (isObject(inner)) return readForm(inner)
  if (typeof inner === 'string' && inner !== '')
    return { ...readForm(value), message: inner.slice(0, maxMessageLength) }
  return readForm(value)
}

function readForm(form: JsonObject): Told {
  const message = stringAt(form, 'message') ?? detailText(form['detail']) ?? detailText(form['errors'])
  const param = stringAt(form, 'param')
  const status = statusIn(form['code']) ?? statusIn(form['status'])
  const words = [form['code'], form['type'], form['status']].filter((word) => typeof word === 'string' && word !== '')
  return {
    words: words.flatMap((word) => (typeof word === 'string' ? [word.slice(0, 200)] : [])),
    ...(message === undefined ? {} : { message: message.slice(0, maxMessageLength) }),
    ...(param === undefined ? {} : { param: param.slice(0, 200) }),
    ...(status === undefined ? {} : { status }),
  }
}

function statusIn(value: JsonValue | undefined): number | undefined {
  const status = typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : value
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined
}

// FastAPI's `detail`: a text, or a list of `{loc, msg}`. Deeper lists say nothing and are not followed.
function detailText(detail: JsonValue | undefined): string | undefined {
  if (!isArray(detail)) return entryText(detail)
  const texts = detail.flatMap((entry) => entryText(entry) ?? [])
  return texts.length === 0 ? undefined : texts.join('; ')
}

function entryText(entry: JsonValue | undefined): string | undefined {
  if (typeof entry === 'string') return entry
  return isObject(entry) ? (stringAt(entry, 'msg') ?? stringAt(entry, 'message')) : undefined
}

/** An error in OpenAI's form; in a stream as its last frame, without `[DONE]`, so that no client takes it for an end. */
export function writeFailure(error: AiError, at: 'before-body' | 'mid-stream', requestId: string): Uint8Array {
  const json = JSON.stringify({
    error: {
      message: error.message,
      type: typeOf(error),
      code: error.code,
      param: error.details.param ?? null,
      request_id: requestId,
    },
  })
  return Buffer.from(at === 'mid-stream' ? dataEvent(json) : json)
}

function typeOf(error: AiError): string {
  switch (error.status) {
    case 401:
      return 'authentication_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 429:
      return 'rate_limit_error'
    default:
      return error.status < 500 ? 'invalid_request_error' : 'server_error'
  }
}
