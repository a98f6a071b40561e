// Opens sockets to one origin: address guard, proxy tunnel, TLS, all under one timer and cancellable at every step.
import { connect as netConnect, type LookupFunction, type Socket } from 'node:net'
import { type ConnectionOptions, connect as tlsConnect, type SecureContext } from 'node:tls'
import { isDeniedAddress, literalAddress } from './address-guard.ts'
import { DialError, type DialFailureKind } from './dial-error.ts'
import { openTunnel, type ProxyTarget } from './proxy.ts'

export interface DiallerParts {
  readonly origin: URL
  readonly proxy: ProxyTarget | undefined
  readonly allowPrivate: boolean
  readonly timeoutMs: number
  /** For the origin, or for the proxy where there is one. */
  readonly lookup: LookupFunction
  readonly roots: SecureContext | undefined
}

export type Dialled = (error: DialError | null, socket: Socket | undefined) => void

/** One connection being opened. */
export interface Dialling {
  /** Ends it, opened or not. The callback is not called any more. */
  destroy(): void
}

export type Dialler = (done: Dialled) => Dialling

/** TLS sessions are remembered per channel, so that a further connection resumes instead of repeating the handshake. */
interface SessionMemory {
  session: Buffer | undefined
}

/** Makes the function that opens sockets for one channel. Certificates are always verified: there is no switch. */
export function createDialler(parts: DiallerParts): Dialler {
  const memory: SessionMemory = { session: undefined }
  return (done) => {
    const dial = new Dial(parts, memory, done)
    dial.start()
    return dial
  }
}

class Dial implements Dialling {
  readonly #parts: DiallerParts
  readonly #memory: SessionMemory
  readonly #sockets: Socket[] = []
  #done: Dialled | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: DiallerParts, memory: SessionMemory, done: Dialled) {
    this.#parts = parts
    this.#memory = memory
    this.#done = done
  }

  start(): void {
    const { timeoutMs, proxy } = this.#parts
    this.#timer = setTimeout(() => {
      // Let errors that already wait in the poll queue speak first: after a blocked loop they are the truth.
      const what = proxy === undefined ? 'There was no connection' : 'The proxy opened no tunnel'
      setImmediate(() => this.#fail(new DialError('timeout', `${what} within ${timeoutMs} ms`)))
    }, timeoutMs)
    if (proxy === undefined) this.#dialOrigin()
    else this.#dialProxy(proxy)
  }

  destroy(): void {
    this.#done = undefined
    clearTimeout(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
  }

  #dialOrigin(): void {
    const { origin, allowPrivate } = this.#parts
    const literal = literalAddress(origin.hostname)
    if (!allowPrivate && literal !== undefined && isDeniedAddress(literal)) {
      queueMicrotask(() => this.#fail(new DialError('address-denied', 'the origin is a private address')))
      return
    }
    this.#connect(literal ?? origin.hostname, portOf(origin), 'refused', (socket) => {
      // The lookup has checked it; this holds even where something else redirects the connection.
      if (!allowPrivate && isDeniedAddress(socket.remoteAddress ?? '')) {
        this.#fail(new DialError('address-denied', 'the connection leads to a private address'))
      } else this.#secureOrigin(socket)
    })
  }

  #dialProxy(proxy: ProxyTarget): void {
    const { origin, allowPrivate } = this.#parts
    const literal = literalAddress(origin.hostname)
    if (!allowPrivate && literal !== undefined && isDeniedAddress(literal)) {
      queueMicrotask(() => this.#fail(new DialError('address-denied', 'the origin is a private address')))
      return
    }
    const tunnel = (socket: Socket): void => {
      openTunnel(socket, `${origin.hostname}:${portOf(origin)}`, proxy.authorization, (error) => {
        if (error !== undefined) this.#fail(error)
        else this.#secureOrigin(socket)
      })
    }
    this.#connect(proxy.host, proxy.port, 'proxy', (socket) => {
      if (proxy.secure) this.#secure(socket, proxy.host, 'proxy', undefined, tunnel)
      else tunnel(socket)
    })
  }

  #secureOrigin(socket: Socket): void {
    const { origin } = this.#parts
    if (origin.protocol !== 'https:') this.#succeed(socket)
    else this.#secure(socket, origin.hostname, 'tls', this.#memory, (secured) => this.#succeed(secured))
  }

  #connect(host: string, port: number, kind: DialFailureKind, connected: (socket: Socket) => void): void {
    const socket = netConnect({ host, port, lookup: this.#parts.lookup, autoSelectFamily: true })
    this.#own(socket, kind)
    socket.setNoDelay(true).setKeepAlive(true, 60_000)
    socket.once('connect', () => connected(socket))
  }

  #secure(
    socket: Socket,
    hostname: string,
    kind: DialFailureKind,
    memory: SessionMemory | undefined,
    secured: (socket: Socket) => void,
  ): void {
    const literal = literalAddress(hostname)
    const options: ConnectionOptions = {
      socket,
      // `host` is what the certificate is checked against; SNI must be a name.
      host: literal ?? hostname,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    }
    if (literal === undefined) options.servername = hostname
    if (this.#parts.roots !== undefined) options.secureContext = this.#parts.roots
    if (memory?.session !== undefined) options.session = memory.session
    const tls = tlsConnect(options)
    this.#own(tls, kind)
    tls.once('secureConnect', () => secured(tls))
    if (memory !== undefined) {
      tls.on('session', (session) => {
        memory.session = session
      })
    }
  }

  #own(socket: Socket, kind: DialFailureKind): void {
    this.#sockets.push(socket)
    // Stays for good: a socket without an error listener would bring the process down.
    socket.on('error', (error) => this.#fail(dialErrorOf(error, kind)))
    socket.once('close', () =>
      this.#fail(new DialError(kind === 'refused' ? 'reset' : kind, closed[kind] ?? 'closed while connecting')),
    )
  }

  #succeed(socket: Socket): void {
    clearTimeout(this.#timer)
    const done = this.#done
    this.#done = undefined
    done?.(null, socket)
  }

  #fail(error: DialError): void {
    const done = this.#done
    if (done === undefined) return
    this.destroy()
    done(error, undefined)
  }
}

/** Where saying only that a connection closed would not tell whose. */
const closed: Readonly<Partial<Record<DialFailureKind, string>>> = {
  proxy: 'The proxy closed the connection before the tunnel was open',
}

function dialErrorOf(error: Error, kind: DialFailureKind): DialError {
  if (error instanceof DialError) return error
  const code = 'code' in error ? error.code : undefined
  if (code === 'ETIMEDOUT') return new DialError('timeout', 'The connection timed out', error)
  if (kind !== 'proxy' && code === 'ECONNRESET') return new DialError('reset', 'reset while connecting', error)
  return new DialError(kind, kind === 'proxy' ? 'The proxy is not reached' : 'no connection', error)
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
