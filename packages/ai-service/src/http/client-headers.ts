// Reads a request's raw headers once: what routing, policies and the upstream need, and what must not be doubled.
import { AiError } from 'ai-lib/internal/errors/ai-error'

/** What the service understands of a request's headers. Everything else stays behind. */
export interface ClientHeaders {
  readonly host?: string
  readonly contentType?: string
  readonly contentLength?: string
  readonly transferEncoding?: string
  readonly contentEncoding?: string
  readonly origin?: string
  readonly upgrade?: string
  /** The one credential, whichever header carried it. */
  readonly credential?: string
  /** Headers that go on to the upstream, lower-case. */
  readonly forwarded: Readonly<Record<string, string>>
  readonly strict?: string
  readonly timeoutMs?: string
  readonly user?: string
  readonly cache?: string
  readonly tags?: string
  readonly traceparent?: string
  readonly tracestate?: string
  readonly accessControlMethod?: string
  readonly accessControlHeaders?: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Where a header's value goes. Those listed here may come once. */
const single: ReadonlyMap<
  string,
  Exclude<keyof ClientHeaders, 'forwarded' | 'credential' | 'traceparent' | 'tracestate'>
> = new Map([
  ['host', 'host'],
  ['content-type', 'contentType'],
  ['content-length', 'contentLength'],
  ['transfer-encoding', 'transferEncoding'],
  ['content-encoding', 'contentEncoding'],
  ['origin', 'origin'],
  ['upgrade', 'upgrade'],
  ['x-ai-strict', 'strict'],
  ['x-ai-timeout-ms', 'timeoutMs'],
  ['x-ai-user', 'user'],
  ['x-ai-cache', 'cache'],
  ['x-ai-tags', 'tags'],
  ['access-control-request-method', 'accessControlMethod'],
  ['access-control-request-headers', 'accessControlHeaders'],
])

const credentials: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])
/** Lists that clients may spread over several headers are joined. */
const forwarded: ReadonlySet<string> = new Set(['anthropic-version', 'anthropic-beta', 'openai-beta', 'user-agent'])

/** Of a caller's trace: whatever is wrong with it, the request is not. A list may be spread over several headers. */
const traced: ReadonlyMap<string, 'traceparent' | 'tracestate'> = new Map([
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
])

/** All of them, for the page that says what each means. */
export const understoodHeaders: readonly string[] = [...single.keys(), ...credentials, ...forwarded, ...traced.keys()]

/** @throws AiError `caller_bad_host`, `caller_credential_conflict` or `caller_malformed_request` where a header is doubled. */
export function readClientHeaders(raw: readonly string[], ourAgent: string): ClientHeaders {
  const passed: Record<string, string> = {}
  const read: Mutable<ClientHeaders> = { forwarded: passed }
  const presented: { header: string; value: string }[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    const field = single.get(name)
    if (field !== undefined) {
      if (read[field] !== undefined) throw doubled(name)
      read[field] = value
    } else if (credentials.has(name)) presented.push({ header: name, value })
    else if (forwarded.has(name)) passed[name] = passed[name] === undefined ? value : `${passed[name]}, ${value}`
    else {
      // Two traceparents joined are none, as they should be.
      const part = traced.get(name)
      if (part !== undefined) read[part] = read[part] === undefined ? value : `${read[part]},${value}`
    }
  }
  passed['user-agent'] = passed['user-agent'] === undefined ? ourAgent : `${passed['user-agent']} ${ourAgent}`
  const credential = oneCredential(presented)
  if (credential !== undefined) read.credential = credential
  return read
}

function doubled(name: string): AiError {
  if (name === 'host') return new AiError('caller_bad_host')
  return new AiError('caller_malformed_request', { message: `The header ${name} comes more than once.` })
}

// Official SDKs may send the same key in two headers; two different ones leave open who is calling.
function oneCredential(presented: readonly { header: string; value: string }[]): string | undefined {
  let found: string | undefined
  const seen = new Set<string>()
  for (const { header, value } of presented) {
    if (seen.has(header))
      throw new AiError('caller_credential_conflict', { message: `${header} comes more than once.` })
    seen.add(header)
    const key = header === 'authorization' ? bearer(value) : value
    if (found !== undefined && found !== key)
      throw new AiError('caller_credential_conflict', { message: 'Two different ones came.' })
    found = key
  }
  return found
}

function bearer(value: string): string {
  return /^bearer /i.test(value) ? value.slice(7).trim() : value
}
