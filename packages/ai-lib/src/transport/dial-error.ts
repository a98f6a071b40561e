// Why no usable connection came to be, told by the phase in which dialling stopped.
import type { TransportFailure } from './transport.ts'

export type DialFailureKind = Extract<
  TransportFailure['kind'],
  'refused' | 'dns' | 'tls' | 'reset' | 'timeout' | 'proxy' | 'address-denied'
>

/** Carried through undici as an error, turned into a `TransportFailure` at the other end. */
export class DialError extends Error {
  override readonly name = 'DialError'
  /** undici treats errors by `code`: this one must be none of those that it recovers from by itself. */
  readonly code = 'DIAL_FAILED'
  readonly kind: DialFailureKind

  constructor(kind: DialFailureKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}
