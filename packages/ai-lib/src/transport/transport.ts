// The port to the network: channels to one origin each, push-style answers, failures as values.
import type { TimerName } from '../chat/failure.ts'

export interface ProxySettings {
  /** URL of an HTTP(S) proxy; credentials in it are sent as Proxy-Authorization. */
  readonly url: string
}

export interface ChannelOptions {
  /** `https://api.openai.com`, no path. */
  readonly origin: string
  /** Proxy for this origin; `undefined` connects directly. Environment proxies are resolved by `resolveProxy`. */
  readonly proxy?: ProxySettings
  /** PEM certificates trusted besides the system's. */
  readonly ca?: readonly string[]
  /** Sockets to the origin at most; each request under way has one of its own. Default 1,024. */
  readonly poolSize?: number
  /** Milliseconds an unused socket stays open. Default 60,000. */
  readonly idleTimeoutMs?: number
  /** Requests that may wait for a socket. Default 1,000. */
  readonly maxQueued?: number
  /** Milliseconds one may wait for a socket. Default 30,000. */
  readonly queueTimeoutMs?: number
  /** Share of the sockets, and of the places in the queue, that one caller may have: above 0, up to 1. Default 1. */
  readonly callerShare?: number
  /** Told of each request that begins (1) or stops (-1) waiting for a socket; never called while sockets are free. */
  readonly onWaiting?: (change: 1 | -1) => void
  /**
   * False gives each request a connection of its own: for upstreams that are not trusted to answer in order. Default
   * true.
   */
  readonly keepAlive?: boolean
  /** Milliseconds to connect, TLS included. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** Whether loopback, private and link-local addresses may be dialled. */
  readonly allowPrivate: boolean
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path with query, already encoded. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** One buffer, or the pieces that make the body. */
  readonly body?: Uint8Array | readonly Uint8Array[]
  /** Streams ask for identity encoding and have a head timer; whole answers are inflated with a bound. */
  readonly stream: boolean
  /** Milliseconds until the response head, streams only. */
  readonly headTimeoutMs?: number
  /** Bytes that a whole answer may have, inflated. Default 64 MiB. */
  readonly maxAnswerBytes?: number
  /** Whose request it is: callers are served in turn where sockets are short. Absent: everybody without a name. */
  readonly caller?: string | undefined
}

/** Why a flight ended without an answer. `reused` says that the socket had served before (it may just have idled out). */
export interface TransportFailure {
  readonly kind:
    | 'refused'
    | 'dns'
    | 'tls'
    | 'reset'
    | 'timeout'
    | 'proxy'
    | 'address-denied'
    | 'too-large'
    | 'encoding'
    | 'protocol'
    | 'queue-full'
  readonly timer?: TimerName
  /** True once the response head had arrived. */
  readonly afterHead: boolean
  /** Which limit was met, or where dialling stopped. Our own words, without any address: a client may read them. */
  readonly reason?: string
  /** For the log, never for a client. */
  readonly cause?: unknown
}

/** Lower-case names; a header that came several times has its values in order. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Called in order: `head` once, `data` any number of times, then `end` or `fail`, once. Nothing after `destroy()`. */
export interface UpstreamSink {
  head(status: number, headers: AnswerHeaders): void
  data(chunk: Buffer): void
  end(): void
  fail(failure: TransportFailure): void
}

/** One request under way. */
export interface Flight {
  /** Whether nobody will read the request's body any more: every byte is with the system, or copied on its way there. */
  readonly isSent: boolean
  pause(): void
  resume(): void
  /** Ends it at once and destroys its socket, which is never pooled again. Idempotent. */
  destroy(): void
}

/** Connections to one origin under one set of options; never shared between environments. */
export interface Channel {
  send(request: UpstreamRequest, sink: UpstreamSink): Flight
  /** Lets what is under way end, then closes. */
  close(): Promise<void>
}

export interface Transport {
  open(options: ChannelOptions): Channel
}
