// Anthropic's error body and its `event: error`.
import type { ErrorForm, SimulatedError } from '../dialect.ts'
import type { JsonObject } from '../json.ts'

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

export const anthropicErrorForm: ErrorForm = {
  requestIdHeader: 'request-id',
  writeError,
  writeErrorEvent: (error, inner) => {
    const whole = inner === undefined ? writeError(error) : { type: 'error', error: inner }
    return `event: error\ndata: ${JSON.stringify(whole)}\n\n`
  },
}

function writeError({ status, message, requestId }: SimulatedError): JsonObject {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  return { type: 'error', error: { type, message }, request_id: requestId }
}
