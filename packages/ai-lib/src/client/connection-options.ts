// How a client reaches a provider; every option works for every provider.
import { KeyRing, type KeyRotationHooks } from '../attempts/key-ring.ts'
import { RetryBudget } from '../attempts/retry-budget.ts'
import type { SecretSource } from '../attempts/secret-source.ts'
import type { Timeouts, Upstream } from '../attempts/target.ts'
import type { CompletionCache } from '../cache/response-cache.ts'
import { AiError } from '../errors/ai-error.ts'
import type { Secret } from '../errors/secret.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { resolveProxy } from '../transport/resolve-proxy.ts'
import type { Transport } from '../transport/transport.ts'
import type { AuditSink } from './audit-logger.ts'
import { baseUrlOf, type Environment, generalSettings, keyOfEnvironment } from './environment.ts'

/**
 * Explicit options win over the environment, the environment over defaults. Every option works for every provider; one
 * that is `undefined` counts as left out.
 *
 * @example
 * ```ts
 * import { AiClient, type ConnectionOptions, Provider } from 'ai-lib'
 * const options: ConnectionOptions = { timeoutMs: 30_000, poolSize: 32, idleTimeoutMs: 60_000, maxRetries: 2 }
 * export const clients = [Provider.OpenAI, Provider.Anthropic].map((provider) => new AiClient(provider, options))
 * ```
 */
export interface ConnectionOptions extends KeyRotationHooks {
  /**
   * As the vendor documents it for its own SDK: `https://api.openai.com/v1`, `https://api.anthropic.com`. Default: the
   * provider's variable (`OPENAI_BASE_URL`), else `AI_BASE_URL`, else the vendor's own address.
   */
  readonly baseUrl?: string | undefined
  /**
   * A key, a source that is read anew, or a ring of several. Default: the provider's variable (`OPENAI_API_KEY`), else
   * `AI_API_KEY`.
   */
  readonly apiKey?: string | Secret | SecretSource | KeyRing | undefined
  /** `http://user:password@proxy:8080`. Default: `AI_PROXY_URL`, else `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. */
  readonly proxy?: string | undefined
  /** Connects directly, whatever `proxy` and the environment say. */
  readonly disableProxy?: boolean | undefined
  /** PEM certificates trusted besides the system's. */
  readonly ca?: readonly string[] | undefined
  /**
   * The whole of an unstreamed answer, or the first token of a stream, in milliseconds. Default: `AI_TIMEOUT_SECS`, else
   * 600,000 and 300,000.
   */
  readonly timeoutMs?: number | undefined
  /**
   * Sockets per provider at most; each request under way has one of its own. Default:
   * `AI_HTTP_POOL_MAX_IDLE_PER_HOST`, else 1,024.
   */
  readonly poolSize?: number | undefined
  /** Milliseconds that an unused socket stays open. Default: `AI_HTTP_POOL_IDLE_TIMEOUT_MS`, else 60,000. */
  readonly idleTimeoutMs?: number | undefined
  /** Requests that may wait for a socket; one more fails with `service_queue_full`. Default 1,000. */
  readonly maxQueued?: number | undefined
  /** Milliseconds that a request may wait for a socket. Default 30,000. */
  readonly queueTimeoutMs?: number | undefined
  /** False gives each request a connection of its own, for upstreams that are not trusted. Default true. */
  readonly keepAlive?: boolean | undefined
  /** Further attempts of any kind after the first, over all providers of the client. 0 to 10, default 2. */
  readonly maxRetries?: number | undefined
  /** Sent with every request, over those that the provider needs; not the ones that carry keys or frame the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** False refuses to dial loopback, private and link-local addresses. Default true. */
  readonly allowPrivate?: boolean | undefined
  /** Told of every request, attempt, stream and batch. What it throws or rejects breaks nothing. Default: nobody. */
  readonly metrics?: Partial<Metrics> | undefined
  /**
   * Keeps whole answers of `chatCompletion`; streams pass it by. Default none. Whoever shares it shares the answers.
   */
  readonly cache?: CompletionCache | undefined
  /**
   * Told of every request before it is sent and of its end; an `AuditLogger`, as a rule. A `logRequest` that throws refuses
   * the request. Default: nobody.
   */
  readonly audit?: AuditSink | undefined
}

/** @throws AiError `config_invalid` for an address that is missing or no URL. */
export function openUpstream(
  spec: ProviderSpec,
  options: ConnectionOptions,
  transport: Transport,
  environment: Environment,
): Upstream {
  const url = readUrl(baseUrlOf(spec, options.baseUrl, environment), spec)
  const general = generalSettings(environment)
  const proxy = options.proxy ?? general.proxy
  const resolved = resolveProxy({
    origin: url.origin,
    environment,
    ...(proxy === undefined ? {} : { proxy }),
    ...(options.disableProxy === undefined ? {} : { disableProxy: options.disableProxy }),
  })
  const poolSize = options.poolSize ?? general.poolSize
  const idleTimeoutMs = options.idleTimeoutMs ?? general.idleTimeoutMs
  const channel = transport.open({
    origin: url.origin,
    allowPrivate: options.allowPrivate ?? true,
    ...(resolved === undefined ? {} : { proxy: resolved }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
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
    timeouts: timeoutsOf(options.timeoutMs ?? general.timeoutMs),
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
  { keyVariables }: ProviderSpec,
  options: ConnectionOptions,
  environment: Environment,
): Pick<Upstream, 'keys' | 'release'> {
  const given = options.apiKey ?? keyOfEnvironment(keyVariables, environment)
  if (given instanceof KeyRing) return { keys: given.pool, release: given.listen(options) }
  const ring = new KeyRing(given, options)
  return { keys: ring.pool, release: () => ring.close() }
}

function timeoutsOf(timeoutMs: number | undefined): Timeouts {
  return { headMs: 60_000, firstTokenMs: timeoutMs ?? 300_000, idleMs: 300_000, totalMs: timeoutMs ?? 600_000 }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
