// OpenAI's error body, shared by all of its routes.
import type { ErrorForm, SimulatedError } from '../dialect.ts'
import type { JsonObject } from '../json.ts'

const KINDS: Readonly<Record<number, readonly [type: string, code: string | null]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  402: ['insufficient_quota', 'insufficient_quota'],
  403: ['permission_error', 'access_denied'],
  429: ['requests', 'rate_limit_exceeded'],
  500: ['server_error', null],
  502: ['server_error', null],
  503: ['server_error', 'service_unavailable'],
  504: ['server_error', 'timeout'],
  529: ['server_error', 'overloaded'],
}

export const openaiErrorForm: ErrorForm = {
  requestIdHeader: 'x-request-id',
  writeError,
  writeErrorEvent: (error, inner) =>
    `data: ${JSON.stringify(inner === undefined ? writeError(error) : { error: inner })}\n\n`,
}

function writeError({ status, message, param, code }: SimulatedError): JsonObject {
  const [type, usualCode] = KINDS[status] ?? [status < 500 ? 'invalid_request_error' : 'server_error', null]
  return { error: { message, type, param: param ?? null, code: code ?? usualCode } }
}
