// Errors of this dialect: what an upstream's error means, and how ours are written to a client.
import { namedEvent } from '../../bytes/sse-encoder.ts'
import { isObject, type JsonObject, parseJsonObject, stringAt } from '../../bytes/json-value.ts'
import type { FailureCode, UpstreamFailure } from '../../chat/failure.ts'
import type { AiError } from '../../errors/ai-error.ts'

const maxMessageLength = 2_000

/** The status that goes with an error type: error events inside a stream have no status of their own. */
const statusOfType: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

interface Told {
  readonly type?: string
  readonly message?: string
  readonly param?: string
}

/** Reads an error answer: this dialect's form, OpenAI's, plain text, HTML or nothing. */
export function readFailure(status: number, body: Uint8Array): UpstreamFailure {
  const told = toldBy(body)
  const code = codeOf(status, told)
  const isFree = (status >= 400 && status < 500) || code === 'overloaded'
  return failureWith('head', code, told, isFree ? 'no' : 'unknown', status)
}

/** Reads an error object that came under a 200: an error event of a stream, or a body. */
export function readErrorObject(error: JsonObject, phase: UpstreamFailure['phase']): UpstreamFailure {
  const told = toldIn(error)
  const status = statusOfType.get(told.type ?? '') ?? 500
  const code = codeOf(status, told)
  const isFree = phase !== 'mid-stream' && (status < 500 || code === 'overloaded')
  return failureWith(phase, code, told, isFree ? 'no' : 'unknown')
}

/** The failure for an answer that is no answer of this dialect. */
export function invalidResponse(phase: UpstreamFailure['phase'], message: string): UpstreamFailure {
  return { phase, code: 'invalid-response', charged: 'unknown', message }
}

function failureWith(
  phase: UpstreamFailure['phase'],
  code: FailureCode,
  told: Told,
  charged: UpstreamFailure['charged'],
  status?: number,
): UpstreamFailure {
  return {
    phase,
    code,
    charged,
    ...(status === undefined ? {} : { status }),
    ...(told.message === undefined ? {} : { message: told.message.slice(0, maxMessageLength) }),
    ...(told.type === undefined ? {} : { providerCode: told.type }),
    ...(told.param === undefined ? {} : { param: told.param }),
  }
}

function codeOf(status: number, told: Told): FailureCode {
  if (told.type === 'overloaded_error' || status === 529) return 'overloaded'
  if (isAboutMoney(status, told)) return 'quota-exhausted'
  if (status === 401 || status === 403) return 'key-refused'
  if (status === 404) return 'not-found'
  if (status === 429) return 'rate-limited'
  if (status === 408 || status === 409) return 'failed'
  return status >= 400 && status < 500 ? 'rejected' : 'failed'
}

// "Your credit balance is too low" comes as 400, spent usage limits as 400 or 429: none of them is the request's fault.
function isAboutMoney(status: number, told: Told): boolean {
  if (status === 402 || told.type === 'billing_error' || told.type === 'insufficient_quota') return true
  const message = told.message ?? ''
  if (/credit balance|insufficient[ _](balance|quota|credit|funds)|specified API usage limits/i.test(message))
    return status < 500
  return (status === 403 || status === 429) && /current quota|billing|spend(ing)? limit/i.test(message)
}

function toldBy(body: Uint8Array): Told {
  const object = objectIn(body)
  if (object !== undefined) return toldIn(object)
  const text = Buffer.from(body.subarray(0, maxMessageLength)).toString('utf8').trim()
  if (text === '') return {}
  return { message: /^<(!doctype|html|head|body|\?xml)/i.test(text) ? 'The body is a web page.' : text }
}

function objectIn(body: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(body, 'provider_invalid_response')
  } catch {
    // A body that is no JSON is an answer too: its text is read instead.
    return undefined
  }
}

// `{type:"error",error:{type,message}}`, OpenAI's `{error:{message,type,code,param}}`, `{error:"…"}` and `{message:"…"}`.
function toldIn(body: JsonObject): Told {
  const error = isObject(body['error']) ? body['error'] : body
  const message = stringAt(error, 'message') ?? stringAt(body, 'error') ?? stringAt(body, 'detail')
  const ownType = error === body && body['type'] === 'error' ? undefined : stringAt(error, 'type')
  const code = stringAt(error, 'code')
  const type = code === 'insufficient_quota' ? code : (ownType ?? code)
  const param = stringAt(error, 'param')
  return {
    ...(type === undefined ? {} : { type }),
    ...(message === undefined ? {} : { message }),
    ...(param === undefined ? {} : { param }),
  }
}

function typeOfStatus(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error'
    case 402:
      return 'billing_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 413:
      return 'request_too_large'
    case 429:
      return 'rate_limit_error'
    case 503:
    case 529:
      return 'overloaded_error'
    case 504:
      return 'timeout_error'
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error'
  }
}

/** The body of an error answer, or the event that ends a stream that has begun. */
export function writeFailure(error: AiError, at: 'before-body' | 'mid-stream', requestId: string): Uint8Array {
  const param = error.details.param
  const json = JSON.stringify({
    type: 'error',
    error: {
      type: typeOfStatus(error.status),
      message: error.message,
      code: error.code,
      ...(param === undefined ? {} : { param }),
    },
    request_id: requestId,
  })
  return Buffer.from(at === 'before-body' ? json : namedEvent('error', json))
}
