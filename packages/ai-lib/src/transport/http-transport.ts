// The Transport port over HTTP/1.1: a pool of connections to one origin, opened by our own dialler.
import { AiError } from '../errors/ai-error.ts'
import { createGuardedLookup } from './address-guard.ts'
import type { LookupAll } from './bounded-lookup.ts'
import { ClientPool } from './client-pool.ts'
import { createDialler } from './dialler.ts'
import { HttpFlight } from './http-flight.ts'
import { readProxy } from './proxy.ts'
import { createTlsRoots } from './tls-roots.ts'
import type { Channel, ChannelOptions, Transport } from './transport.ts'

export interface HttpTransportParts {
  /** Resolves names; the system's resolver by default. */
  readonly lookup?: LookupAll
  /** Monotonic milliseconds; `performance.now` by default. */
  readonly nowMs?: () => number
}

/** Opens channels that speak HTTP/1.1 over their own sockets. `open` throws `config_invalid` for a bad origin or proxy. */
export function createHttpTransport(parts: HttpTransportParts = {}): Transport {
  return { open: (options) => openChannel(options, parts) }
}

function openChannel(
  options: ChannelOptions,
  { lookup, nowMs = () => performance.now() }: HttpTransportParts,
): Channel {
  const origin = readOrigin(options.origin)
  const proxy = options.proxy === undefined ? undefined : readProxy(options.proxy)
  const pool = new ClientPool({
    host: origin.host,
    dial: createDialler({
      origin,
      proxy,
      allowPrivate: options.allowPrivate,
      timeoutMs: options.connectTimeoutMs ?? 5_000,
      lookup: createGuardedLookup({
        // A corporate proxy is at a private address by nature, and only configuration names it.
        allowPrivate: options.allowPrivate || proxy !== undefined,
        nowMs,
        ...(lookup === undefined ? {} : { lookup }),
      }),
      roots: createTlsRoots(options.ca),
    }),
    poolSize: Math.max(1, options.poolSize ?? 1_024),
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    maxQueued: options.maxQueued ?? 1_000,
    queueTimeoutMs: options.queueTimeoutMs ?? 30_000,
    callerShare: options.callerShare ?? 1,
    onWaiting: options.onWaiting,
    keepAlive: options.keepAlive ?? true,
    nowMs,
  })
  return {
    send(request, sink) {
      const flight = new HttpFlight(request, sink, pool.onDone)
      pool.start(flight)
      return flight
    },
    close: () => pool.close(),
  }
}

function readOrigin(text: string): URL {
  const url = URL.parse(text)
  // Whatever else stood there (a path, credentials) would be dropped without a word.
  const isOrigin = url !== null && (url.href === `${url.origin}/` || url.href === url.origin)
  if (!isOrigin || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AiError('config_invalid', { message: 'An origin must be https://host or http://host, without a path.' })
  }
  return url
}
