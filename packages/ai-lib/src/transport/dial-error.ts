// Why no usable connection came to be, told by the phase in which dialling stopped.
import type { TransportFailure } from './transport.ts'

export type DialFailureKind = Extract<
  TransportFailure['kind'],
  'refused' | 'dns' | 'tls' | 'reset' | 'timeout' | 'proxy' | 'address-denied'
>

/** What is said of a kind. Messages of the other kinds (proxy, timeout) name no place and are said as they are. */
const reasons: Readonly<Partial<Record<DialFailureKind, string>>> = {
  refused: 'The connection was refused or had no way',
  dns: 'Its name was not resolved',
  tls: 'TLS failed: its certificate or handshake was not accepted',
  reset: 'The connection was closed while it was being opened',
  'address-denied': 'Its address is private or reserved, which is not allowed for it',
}

/** Turned into a `TransportFailure` by `failureOf`. */
export class DialError extends Error {
  override readonly name = 'DialError'
  readonly kind: DialFailureKind

  constructor(kind: DialFailureKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }

  /** Why, in words that name no host, address or credential: callers may read them. */
  get reason(): string {
    const said = reasons[this.kind] ?? this.message
    const code = this.cause instanceof Error && 'code' in this.cause ? String(this.cause.code) : undefined
    return code === undefined || said.includes(code) ? `${said}.` : `${said} (${code}).`
  }
}
