// What a Responses provider says when it fails, as an outcome that the attempt loop weighs.
import { isObject, type JsonObject, type JsonValue, stringAt, tryParseJson } from '../../bytes/json-value.ts'
import type { FailureCode, UpstreamFailure } from '../../chat/failure.ts'

type Phase = UpstreamFailure['phase']

/** An error answer (status ≥ 400); bodies that are no JSON add nothing but their status. */
export function failureOfStatus(status: number, body: Uint8Array): UpstreamFailure {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  const said = wordsOf(errorIn(tryParseJson(text)))
  const code = codeOfStatus(status, said.providerCode)
  return { phase: 'head', code, status, charged: status >= 500 ? 'unknown' : 'no', ...said }
}

/** An error inside an answer that began with status 200. */
export function failureOfEvent(error: unknown, phase: Phase): UpstreamFailure {
  const said = wordsOf(error)
  return { phase, code: codeOfWord(said.providerCode), charged: 'unknown', ...said }
}

/** A frame that is no JSON, or a final frame without its response. */
export function unreadableFailure(phase: Phase): UpstreamFailure {
  return { phase, code: 'invalid-response', charged: 'unknown' }
}

// OpenAI and Azure nest the error; xAI puts a sentence under `error` and its code beside it.
function errorIn(value: JsonValue | undefined): unknown {
  if (!isObject(value)) return undefined
  if (typeof value.error === 'string') return { message: value.error, code: value.code }
  return isObject(value.error) ? value.error : value
}

type Said = Pick<UpstreamFailure, 'message' | 'providerCode' | 'param'>

function wordsOf(error: unknown): Said {
  if (!isObject(error)) return {}
  const message = stringAt(error, 'message')
  const providerCode = codeIn(error)
  const param = stringAt(error, 'param')
  return {
    ...(message === undefined ? {} : { message }),
    ...(providerCode === undefined ? {} : { providerCode }),
    ...(param === undefined ? {} : { param }),
  }
}

function codeIn(error: JsonObject): string | undefined {
  if (typeof error.code === 'number') return String(error.code)
  const type = stringAt(error, 'type')
  return type === 'insufficient_quota' ? type : (stringAt(error, 'code') ?? type)
}

function codeOfStatus(status: number, word: string | undefined): FailureCode {
  if (status === 401 || status === 403) return 'key-refused'
  if (status === 429) return word === 'insufficient_quota' ? 'quota-exhausted' : 'rate-limited'
  if (status === 404) return 'not-found'
  if (status === 408 || status === 409) return 'failed'
  if (status === 503 || status === 529) return 'overloaded'
  return status >= 500 ? 'failed' : 'rejected'
}

const wordCodes: ReadonlyMap<string, FailureCode> = new Map([
  ['insufficient_quota', 'quota-exhausted'],
  ['rate_limit_exceeded', 'rate-limited'],
  ['rate_limit_error', 'rate-limited'],
  ['server_is_overloaded', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['slow_down', 'overloaded'],
  ['model_not_found', 'not-found'],
  ['invalid_api_key', 'key-refused'],
  ['invalid_request_error', 'rejected'],
  ['invalid_prompt', 'rejected'],
  ['context_length_exceeded', 'rejected'],
  ['content_filter', 'rejected'],
  ['bio_policy', 'rejected'],
  ['data_residency_mismatch', 'rejected'],
  ['failed_to_download_image', 'rejected'],
])

// OpenAI's ResponseErrorCode: what is not named above is about an image of the request, or the server's own.
function codeOfWord(word: string | undefined): FailureCode {
  if (word === undefined) return 'failed'
  const known = wordCodes.get(word)
  if (known !== undefined) return known
  if (/^\d{3}$/.test(word)) return codeOfStatus(Number(word), undefined)
  return word.includes('image') && !word.includes('server') ? 'rejected' : 'failed'
}
