// Whether a provider's address answers: one request without a key, through its proxy, certificates and address guard.
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { ProxySettings, TransportFailure } from 'ai-lib/internal/transport/transport'
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import { transportParts } from '../app/open-upstreams.ts'
import type { Config, ProviderConfig } from '../config/config.ts'

export type Reach =
  | { readonly kind: 'reached'; readonly status: number; readonly tookMs: number; readonly date: string | undefined }
  | { readonly kind: 'failed'; readonly why: string }

const TIMEOUT_MS = 3_000

const meanings: ReadonlyMap<string, string> = new Map([
  ['dns', 'its name is not resolved'],
  ['refused', 'nothing listens there'],
  ['tls', 'TLS fails; a company’s own certificate goes into NODE_EXTRA_CA_CERTS or providers.<name>.ca'],
  ['address-denied', 'its address is private, which private: true allows'],
])

/** Any HTTP answer counts as reached: without a key most providers say 401 or 404. */
export async function reach(provider: ProviderConfig, baseUrl: string, config: Config): Promise<Reach> {
  const { origin, pathname } = new URL(baseUrl)
  const proxy = proxyOf(provider, origin, config)
  const channel = createHttpTransport(transportParts(config)).open({
    origin,
    ...(proxy === undefined ? {} : { proxy }),
    ca: provider.ca,
    poolSize: 1,
    connectTimeoutMs: TIMEOUT_MS,
    queueTimeoutMs: TIMEOUT_MS,
    allowPrivate: provider.allowPrivate,
  })
  const startedMs = performance.now()
  const result = await new Promise<Reach>((resolve) => {
    const flight = channel.send(
      { method: 'GET', path: pathname, headers: {}, stream: true, headTimeoutMs: TIMEOUT_MS },
      {
        head: (status, { date }) => {
          const tookMs = Math.round(performance.now() - startedMs)
          resolve({ kind: 'reached', status, tookMs, date: typeof date === 'string' ? date : undefined })
          flight.destroy()
        },
        data: () => undefined,
        end: () => undefined,
        fail: (failure) => resolve({ kind: 'failed', why: whyOf(failure, proxy) }),
      },
    )
    setTimeout(() => {
      resolve({ kind: 'failed', why: 'timeout' })
      flight.destroy()
    }, TIMEOUT_MS).unref()
  })
  await channel.close()
  return result
}

/** Our own words on a failure; with a proxy in between they say so, without its credentials. */
function whyOf({ kind, timer, reason }: TransportFailure, proxy: ProxySettings | undefined): string {
  const through = proxy === undefined ? '' : ` (through the proxy ${shownProxy(proxy)})`
  if (kind === 'proxy' || (kind === 'timeout' && proxy !== undefined && reason !== undefined))
    return `${lowerFirst(reason ?? 'the proxy does not let it through')}${through}`
  const why = timer === undefined ? (meanings.get(kind) ?? kind) : `${kind} (${timer})`
  return `${why}${through}`
}

function shownProxy({ url }: ProxySettings): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'that is configured' : `${parsed.protocol}//${parsed.host}`
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

function proxyOf(provider: ProviderConfig, origin: string, { environmentProxy: { http, https, no } }: Config) {
  if (provider.proxy.kind === 'direct') return undefined
  if (provider.proxy.kind === 'url') return { url: provider.proxy.proxy.url.reveal() }
  return resolveProxy({
    origin,
    environment: { http_proxy: http?.url.reveal(), https_proxy: https?.url.reveal(), no_proxy: no },
  })
}
