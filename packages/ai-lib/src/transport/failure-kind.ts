// Turns the errors of sockets and of dialling into the kind of failure that the attempt loop weighs.
import { DialError } from './dial-error.ts'
import type { TransportFailure } from './transport.ts'

/** The failure for an error of a socket or of our dialler. */
export function failureOf(error: Error, afterHead: boolean): TransportFailure {
  if (error instanceof DialError) {
    const { kind, reason } = error
    return { kind, ...(kind === 'timeout' ? { timer: 'connect' } : {}), afterHead, reason, cause: error }
  }
  // Errors of the system (ECONNRESET, EPIPE, ETIMEDOUT) and of TLS mid-way: either way the connection is gone.
  return { kind: 'reset', afterHead, cause: error }
}

/** What an upstream wrote is not HTTP, or could be read in two ways. The bytes themselves may be somebody's answer: no log gets them. */
export function protocolFailure(message: string, afterHead: boolean): TransportFailure {
  return { kind: 'protocol', afterHead, cause: new Error(message) }
}
