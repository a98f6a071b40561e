// Turns what undici reports about a request into the kind of failure that the attempt loop weighs.
import { DialError } from './dial-error.ts'
import type { TransportFailure } from './transport.ts'

/** The failure for an error of undici or of our dialler. */
export function failureOf(error: Error, afterHead: boolean): TransportFailure {
  if (error instanceof DialError) {
    const { kind, reason } = error
    return { kind, ...(kind === 'timeout' ? { timer: 'connect' } : {}), afterHead, reason, cause: error }
  }
  return { kind: kindOf(error, afterHead), afterHead, cause: withoutContent(error) }
}

function kindOf(error: Error, afterHead: boolean): TransportFailure['kind'] {
  // undici looks llhttp's codes up the wrong way round, so parser errors have no code: only the reason tells.
  if (isParserError(error)) return error.message.includes('Invalid EOF state') ? 'reset' : 'protocol'
  switch (codeOf(error)) {
    case 'UND_ERR_SOCKET':
      // undici's words for a head that no client may get: 100 unasked for, or a protocol upgrade.
      return error.message.startsWith('bad ') ? 'protocol' : 'reset'
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      // Before the head it means two lengths or length and chunks at once, after it a body cut short.
      return afterHead ? 'reset' : 'protocol'
    case 'UND_ERR_DESTROYED':
      return 'reset'
    case 'UND_ERR_HEADERS_OVERFLOW':
      return 'too-large'
    default:
      // Errors of the system (ECONNRESET, EPIPE, ETIMEDOUT) and of TLS mid-way end the connection; the rest is bad HTTP.
      return 'syscall' in error || codeOf(error).startsWith('ERR_SSL') ? 'reset' : 'protocol'
  }
}

/** Whether an idle socket ended because the upstream wrote bytes that nobody had asked for. */
export function isUnsolicited(error: Error): boolean {
  return isParserError(error) || (codeOf(error) === 'UND_ERR_SOCKET' && error.message.startsWith('bad '))
}

function isParserError(error: Error): boolean {
  return error.name === 'HTTPParserError'
}

/** undici keeps the bytes it stumbled over in the error: somebody's answer, which no log should get. */
function withoutContent(error: Error): Error {
  return isParserError(error) ? new Error(error.message) : error
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
