// Asks the configured data listener of this machine for its health.
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ListenerAddress } from '../config/config.ts'
import { errorCodeOf } from '../secrets/sources.ts'

export type SelfAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'silent'; readonly why: string }

const TIMEOUT_MS = 3_000
const MAX_BODY = 64 * 1024

/** A listener of this machine, with TLS or without. */
export interface Addressed extends ListenerAddress {
  readonly tls?: unknown
}

/** One GET of `path`; resolves within three seconds. */
export function askSelf(server: Addressed, path: string): Promise<SelfAnswer> {
  const options = { host: reachable(server.host), port: server.port, path, agent: false, timeout: TIMEOUT_MS }
  return new Promise((resolve) => {
    const onResponse = (response: IncomingMessage): void => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < MAX_BODY) body += chunk
      })
      response.on('end', () => resolve({ kind: 'answered', status: response.statusCode ?? 0, body }))
      response.on('error', (error) => resolve({ kind: 'silent', why: errorCodeOf(error) }))
    }
    // The certificate names the public host, not this address; nothing secret is asked or sent.
    const asked =
      server.tls === undefined
        ? httpRequest(options, onResponse)
        : httpsRequest({ ...options, rejectUnauthorized: false }, onResponse)
    const timer = setTimeout(
      () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
      TIMEOUT_MS,
    )
    asked.on('close', () => clearTimeout(timer))
    asked.on('error', (error) => resolve({ kind: 'silent', why: errorCodeOf(error) }))
    asked.end()
  })
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host.replace(/^\[|\]$/g, '')
}
