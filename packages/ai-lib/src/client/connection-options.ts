// How a client reaches a provider; every option works for every provider.
import { KeyRing, type KeyRotationHooks } from '../attempts/key-ring.ts'
import { RetryBudget } from '../attempts/retry-budget.ts'
import type { SecretSource } from '../attempts/secret-source.ts'
import type { Timeouts, Upstream } from '../attempts/target.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Secret } from '../errors/secret.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { resolveProxy } from '../transport/resolve-proxy.ts'
import type { Transport } from '../transport/transport.ts'
import { baseUrlOf, type Environment, firstOf } from './environment.ts'

/** Explicit options win over the environment, the environment over defaults. */
export interface ConnectionOptions extends KeyRotationHooks {
  /** As the vendor documents it for its own SDK: `https://api.openai.com/v1`, `https://api.anthropic.com`. */
  readonly baseUrl?: string
  /** A key, a source that is read anew, or a ring of several. Default: the provider's key variable. */
  readonly apiKey?: string | Secret | SecretSource | KeyRing | undefined
  /** `http://user:password@proxy:8080`. Default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxy?: string
  /** Connects directly, whatever the environment says. */
  readonly disableProxy?: boolean
  /** PEM certificates trusted besides the system's. */
  readonly ca?: readonly string[]
  /** The whole of an unstreamed answer, or the first token of a stream, in milliseconds. Default 600,000 and 300,000. */
  readonly timeoutMs?: number
  /** Sockets per provider at most; each request under way has one of its own. Default 1,024. */
  readonly poolSize?: number
  /** Milliseconds that an unused socket stays open. Default 60,000. */
  readonly idleTimeoutMs?: number
  /** Requests that may wait for a socket; one more fails with `service_queue_full`. Default 1,000. */
  readonly maxQueued?: number
  /** Milliseconds that a request may wait for a socket. Default 30,000. */
  readonly queueTimeoutMs?: number
  /** False gives each request a connection of its own, for upstreams that are not trusted. Default true. */
  readonly keepAlive?: boolean
  /** Further attempts of any kind after the first. Default 2. */
  readonly maxRetries?: number
  readonly headers?: Readonly<Record<string, string>>
  /** False refuses to dial loopback, private and link-local addresses. Default true. */
  readonly allowPrivate?: boolean
}

/** @throws AiError `config_invalid` for an address that is missing or no URL. */
export function openUpstream(
  spec: ProviderSpec,
  options: ConnectionOptions,
  transport: Transport,
  environment: Environment,
): Upstream {
  const url = readUrl(baseUrlOf(spec, options.baseUrl, environment), spec)
  const proxy = resolveProxy({
    origin: url.origin,
    environment,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(options.disableProxy === undefined ? {} : { disableProxy: options.disableProxy }),
  })
  const channel = transport.open({
    origin: url.origin,
    allowPrivate: options.allowPrivate ?? true,
    ...(proxy === undefined ? {} : { proxy }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.poolSize === undefined ? {} : { poolSize: options.poolSize }),
    ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: options.idleTimeoutMs }),
    ...(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued }),
    ...(options.queueTimeoutMs === undefined ? {} : { queueTimeoutMs: options.queueTimeoutMs }),
    ...(options.keepAlive === undefined ? {} : { keepAlive: options.keepAlive }),
  })
  return {
    spec,
    channel,
    basePath: url.pathname.replace(/\/+$/, ''),
    headers: lowerCased(options.headers ?? {}),
    ...keysOf(spec, options, environment),
    timeouts: timeoutsOf(options),
    retryBudget: new RetryBudget(),
  }
}

function readUrl(text: string | undefined, spec: ProviderSpec): URL {
  const hint = spec.baseUrlVariables[0] === undefined ? '' : ` or ${spec.baseUrlVariables[0]}`
  if (text === undefined)
    throw new AiError('config_invalid', { message: `${spec.label} needs a baseUrl (option baseUrl${hint}).` })
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new AiError('config_invalid', { message: `The baseUrl of ${spec.label} is no http(s) URL.` })
  return url
}

// A ring that was given to us is its owner's to close; one that we made ends with the client.
function keysOf(
  spec: ProviderSpec,
  options: ConnectionOptions,
  environment: Environment,
): Pick<Upstream, 'keys' | 'release'> {
  const given = options.apiKey ?? firstOf(spec.keyVariables, environment)
  if (given instanceof KeyRing) return { keys: given.pool, release: given.listen(options) }
  const ring = new KeyRing(given === undefined || given === '' ? [] : given, options)
  return { keys: ring.pool, release: () => ring.close() }
}

function timeoutsOf({ timeoutMs }: ConnectionOptions): Timeouts {
  return { headMs: 60_000, firstTokenMs: timeoutMs ?? 300_000, idleMs: 300_000, totalMs: timeoutMs ?? 600_000 }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
