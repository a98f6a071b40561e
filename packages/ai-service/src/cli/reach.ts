// Whether a provider's address answers: one request without a key, through its proxy, certificates and address guard.
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { ProxySettings } from 'ai-lib/internal/transport/transport'
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import { transportParts } from '../app/open-upstreams.ts'
import type { Config, ProviderConfig } from '../config/config.ts'
import { explainFailure } from './explain-failure.ts'

export type Reach =
  | {
      readonly kind: 'reached'
      readonly status: number
      readonly tookMs: number
      readonly date: string | undefined
      /** ` (through the proxy …)`, or nothing. */
      readonly through: string
    }
  /** There is a connection, and nothing comes. */
  | { readonly kind: 'slow'; readonly afterMs: number; readonly through: string }
  | { readonly kind: 'failed'; readonly why: string; readonly todo: string }

const timeoutMs = 3_000

/** Any HTTP answer counts as reached: without a key most providers say 401 or 404. */
export async function reach(provider: ProviderConfig, baseUrl: string, config: Config): Promise<Reach> {
  const { origin, pathname } = new URL(baseUrl)
  const proxy = proxyOf(provider, origin, config)
  const through = proxy === undefined ? '' : ` (through the proxy ${shownProxy(proxy)})`
  const channel = createHttpTransport(transportParts(config)).open({
    origin,
    ...(proxy === undefined ? {} : { proxy }),
    ca: provider.ca,
    poolSize: 1,
    connectTimeoutMs: timeoutMs,
    queueTimeoutMs: 3 * timeoutMs,
    allowPrivate: provider.allowPrivate,
  })
  const startedMs = performance.now()
  const result = await new Promise<Reach>((resolve) => {
    const flight = channel.send(
      { method: 'GET', path: pathname, headers: {}, stream: true, headTimeoutMs: timeoutMs },
      {
        head: (status, { date }) => {
          const tookMs = Math.round(performance.now() - startedMs)
          resolve({ kind: 'reached', status, tookMs, date: typeof date === 'string' ? date : undefined, through })
          flight.destroy()
        },
        data: () => undefined,
        end: () => undefined,
        fail: (failure) => {
          if (failure.kind === 'timeout' && failure.timer === 'head')
            return resolve({ kind: 'slow', afterMs: timeoutMs, through })
          const { why, todo } = explainFailure(failure, { provider: provider.name, isProxied: proxy !== undefined })
          resolve({ kind: 'failed', why: `${why}${through}`, todo })
        },
      },
    )
  })
  await channel.close()
  return result
}

function shownProxy({ url }: ProxySettings): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'that is configured' : `${parsed.protocol}//${parsed.host}`
}

function proxyOf(provider: ProviderConfig, origin: string, { environmentProxy: { http, https, no } }: Config) {
  if (provider.proxy.kind === 'direct') return undefined
  if (provider.proxy.kind === 'url') return { url: provider.proxy.proxy.url.reveal() }
  return resolveProxy({
    origin,
    environment: { http_proxy: http?.url.reveal(), https_proxy: https?.url.reveal(), no_proxy: no },
  })
}
