// Refuses requests whose head is well formed and that another hop might still read differently.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { ClientHeaders } from './client-headers.ts'
import type { RequestHead } from './http-request.ts'

/** A host name, an IPv4 address or a bracketed IPv6 address, with or without a port. */
const plainHost = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/**
 * The path of a request, without its query.
 * @throws AiError where target, host, method or framing leave room for two readings.
 */
export function guardedPath(request: RequestHead, headers: ClientHeaders): string {
  const { host } = headers
  if (host === undefined ? request.httpVersion === '1.1' : !plainHost.test(host)) throw new AiError('caller_bad_host')
  if (headers.upgrade !== undefined)
    throw new AiError('caller_malformed_request', { message: 'Upgrades are not supported here.' })
  const { method } = request
  const hasBody =
    headers.transferEncoding !== undefined || (headers.contentLength !== undefined && headers.contentLength !== '0')
  if (hasBody && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS'))
    throw new AiError('caller_malformed_request', { message: `A ${method} request has no body.` })
  return pathOf(request.url, host)
}

function pathOf(target: string, host: string | undefined): string {
  const local = target.startsWith('/') ? target : absoluteForm(target, host)
  const query = local.indexOf('?')
  const path = query === -1 ? local : local.slice(0, query)
  if (path.includes('#') || path.includes('\\'))
    throw new AiError('caller_malformed_request', { message: 'The path has a character that paths have not.' })
  return path
}

function absoluteForm(target: string, host: string | undefined): string {
  const match = /^https?:\/\/([^/?#]+)(\/[^#]*)?$/i.exec(target)
  if (!match || match[1] !== host)
    throw new AiError('caller_malformed_request', { message: 'The request target must be a path.' })
  return match[2] ?? '/'
}
