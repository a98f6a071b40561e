// Node's own HTTP agents over our dialler: clients of others (Amazon's) reach their hosts through the proxy as ours do.
import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Duplex } from 'node:stream'
import { createGuardedLookup } from './address-guard.ts'
import { createDialler } from './dialler.ts'
import { readProxy } from './proxy.ts'
import type { ProxySettings } from './transport.ts'

export interface TunnelAgents {
  readonly httpAgent: HttpAgent
  readonly httpsAgent: HttpsAgent
}

type Connect = (options: ClientRequestArgs, done?: (error: Error | null, socket: Duplex) => void) => undefined

/** @throws AiError `config_invalid` for a proxy that is none. */
export function createTunnelAgents(settings: ProxySettings, timeoutMs: number): TunnelAgents {
  const proxy = readProxy(settings)
  const connectBy =
    (scheme: 'http' | 'https'): Connect =>
    ({ host, hostname, port }, done) => {
      const name = hostname ?? host ?? 'localhost'
      const origin = new URL(`${scheme}://${name.includes(':') ? `[${name}]` : name}:${port ?? ''}`)
      const lookup = createGuardedLookup({ allowPrivate: true, nowMs: () => performance.now() })
      const dial = createDialler({ origin, proxy, allowPrivate: true, timeoutMs, lookup, roots: undefined })
      dial((error, socket) => {
        if (socket !== undefined) done?.(null, socket)
        // Node's type asks for a stream beside an error too, which its agents do not look at.
        else done?.(error ?? new Error('no socket'), new Duplex())
      })
      return undefined
    }
  const httpAgent = new HttpAgent({ keepAlive: true })
  const httpsAgent = new HttpsAgent({ keepAlive: true })
  httpAgent.createConnection = connectBy('http')
  httpsAgent.createConnection = connectBy('https')
  return { httpAgent, httpsAgent }
}
