// Turns what undici reports about a request into the kind of failure that the attempt loop weighs.
import { DialError } from './dial-error.ts'
import type { TransportFailure } from './transport.ts'

/** The failure for an error of undici or of our dialler. */
export function failureOf(error: unknown, afterHead: boolean): TransportFailure {
  if (error instanceof DialError) {
    if (error.kind === 'timeout') return { kind: 'timeout', timer: 'connect', afterHead, cause: error }
    return { kind: error.kind, afterHead, cause: error }
  }
  return { kind: kindOf(error), afterHead, cause: error }
}

function kindOf(error: unknown): TransportFailure['kind'] {
  if (!(error instanceof Error)) return 'protocol'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  switch (code) {
    case 'UND_ERR_SOCKET':
      // undici's words for a head that no client may get: 100 unasked for, or a protocol upgrade.
      return error.message.startsWith('bad ') ? 'protocol' : 'reset'
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
    case 'HPE_INVALID_EOF_STATE':
    case 'UND_ERR_DESTROYED':
      return 'reset'
    case 'UND_ERR_HEADERS_OVERFLOW':
      return 'too-large'
    default:
      // Errors of the system (ECONNRESET, EPIPE, ETIMEDOUT) and of TLS mid-way end the connection; the rest is bad HTTP.
      return 'syscall' in error || code.startsWith('ERR_SSL') ? 'reset' : 'protocol'
  }
}

/** Whether an idle socket ended because the upstream wrote bytes that nobody had asked for. */
export function isUnsolicited(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return code.startsWith('HPE_') || (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad '))
}
