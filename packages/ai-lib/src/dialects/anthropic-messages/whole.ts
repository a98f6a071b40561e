// Reads usage and failure of a whole answer without building its tree.
import { type JsonField, type JsonScan, scanJson } from '../../bytes/json-scan.ts'
import { isObject, type JsonValue, tryParseJson } from '../../bytes/json-value.ts'
import { AiError, toAiError } from '../../errors/ai-error.ts'
import type { WholeAnswer } from '../dialect.ts'
import { readErrorObject } from './failure.ts'
import { readUsage } from './usage.ts'

const wanted: ReadonlySet<string> = new Set(['type', 'usage', 'error', 'content', 'input_tokens'])

/** A whole message. */
export function readWhole(body: Uint8Array): WholeAnswer {
  const scan = scanAnswer(body)
  const failure = failureIn(body, scan)
  if (failure !== undefined) return { usage: undefined, failure }
  const type = valueAt(body, scan.fields.get('type'))
  if (type !== 'message' && !(type === undefined && scan.fields.has('content')))
    throw invalid('It is not a message object.')
  const usage = valueAt(body, scan.fields.get('usage'))
  return { usage: readUsage(isObject(usage) ? usage : undefined), failure: undefined }
}

/** An answer of the token counter. It costs nothing, so it reports no usage. */
export function readWholeCount(body: Uint8Array): WholeAnswer {
  const scan = scanAnswer(body)
  const failure = failureIn(body, scan)
  if (failure !== undefined) return { usage: undefined, failure }
  if (typeof valueAt(body, scan.fields.get('input_tokens')) !== 'number') throw invalid('It has no "input_tokens".')
  return { usage: undefined, failure: undefined }
}

function scanAnswer(body: Uint8Array): JsonScan {
  const scan = scanOrRefuse(body)
  if (scan.closing === -1) throw invalid('It is not a JSON object.')
  return scan
}

// The scanner blames a doubled key on the caller; here it is the provider's.
function scanOrRefuse(body: Uint8Array): JsonScan {
  try {
    return scanJson(body, 'provider_invalid_response', wanted)
  } catch (thrown) {
    const error = toAiError(thrown)
    throw error.code === 'provider_invalid_response' ? error : invalid(error.details.message ?? 'It is unreadable.')
  }
}

function failureIn(body: Uint8Array, scan: JsonScan) {
  const error = valueAt(body, scan.fields.get('error'))
  const isError = valueAt(body, scan.fields.get('type')) === 'error'
  if (!isError && (error === undefined || error === null)) return undefined
  return readErrorObject({ error: error ?? null }, 'first-event')
}

function valueAt(body: Uint8Array, field: JsonField | undefined): JsonValue | undefined {
  if (field === undefined) return undefined
  return tryParseJson(Buffer.from(body.subarray(field.valueStart, field.valueEnd)).toString('utf8'))
}

function invalid(message: string): AiError {
  return new AiError('provider_invalid_response', { message })
}
