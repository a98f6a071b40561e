// The headers of an answer: ours, and the few of the upstream's that a client may see.
import type { Answered } from 'ai-lib/internal/attempts/attempt-plan'
import type { Loss } from 'ai-lib/internal/chat/losses'
import type { DialectId, ResponseHeaders } from 'ai-lib/internal/dialects/dialect'
import type { AiError } from 'ai-lib/internal/errors/ai-error'
import type { AnsweredBy } from '../exchange/answer.ts'

/** Names and values in turn, as `writeHead` takes them at its cheapest. */
export type FlatHeaders = string[]

const maxLossesBytes = 1_024
/** What header values may hold; anything else of an upstream's header is not passed on. */
const plainValue = /^[\x20-\x7e]{1,512}$/

/** Under which id a client finds its request, in the header that its dialect's SDKs read. */
export interface RequestIdentity {
  readonly requestId: string
  readonly dialect: DialectId
}

export interface Timing {
  readonly upstreamMs: number
  /** Our own time. */
  readonly gatewayMs: number
}

export function answeredHeaders(
  answered: Answered,
  identity: RequestIdentity,
  { upstreamMs, gatewayMs }: Timing,
  scrub: (text: string) => string,
): FlatHeaders {
  const { target, prepared, attempts } = answered
  const headers: FlatHeaders = [
    ...idHeaders(identity),
    'x-ai-provider',
    target.upstream.spec.name,
    'x-ai-model',
    headerText(target.model),
    'x-ai-endpoint',
    headerText(target.endpoint),
    'x-ai-attempts',
    String(attempts.length),
    'x-ai-lane',
    prepared.lane,
    'server-timing',
    `gateway;dur=${gatewayMs.toFixed(1)}, upstream;dur=${upstreamMs.toFixed(1)}`,
  ]
  if (prepared.losses.length > 0) headers.push('x-ai-losses', lossesHeader(prepared.losses))
  addUpstream(headers, answered.headers, scrub)
  return headers
}

/** Of an answer that was given before: where it came from then. Nobody was asked now. */
export function replayedHeaders(from: AnsweredBy, identity: RequestIdentity, gatewayMs: number): FlatHeaders {
  const { provider, model, endpoint, lane, losses } = from
  const headers: FlatHeaders = [
    ...idHeaders(identity),
    'x-ai-provider',
    headerText(provider),
    'x-ai-model',
    headerText(model),
    'x-ai-endpoint',
    headerText(endpoint),
    'x-ai-attempts',
    '0',
    'x-ai-lane',
    lane,
    'server-timing',
    `gateway;dur=${gatewayMs.toFixed(1)}, upstream;dur=0`,
  ]
  if (losses.length > 0) headers.push('x-ai-losses', lossesHeader(losses))
  return headers
}

/** `count; path,path`, ASCII, at most 1 KB. */
export function lossesHeader(losses: readonly Loss[]): string {
  const paths = losses.map(({ kind, path }) => (kind === 'added' ? `added: ${headerText(path)}` : headerText(path)))
  return `${losses.length}; ${paths.join(',')}`.slice(0, maxLossesBytes)
}

// A model's name comes from the client: what no header may carry is escaped as in URLs.
function headerText(text: string): string {
  return /^[\x21-\x7e]+$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
}

// Some upstreams repeat what they were sent, the key included.
function addUpstream(headers: FlatHeaders, upstream: ResponseHeaders, scrub: (text: string) => string): void {
  for (const name in upstream) {
    const isLimit = name.startsWith('x-ratelimit-') || name.startsWith('anthropic-ratelimit-')
    const isId = name === 'x-request-id' || name === 'request-id'
    if (!isLimit && !isId) continue
    const value = upstream[name]
    if (typeof value !== 'string' || !plainValue.test(value)) continue
    headers.push(isId ? 'x-ai-upstream-request-id' : `x-ai-upstream-${name.replace(/^x-/, '')}`, scrub(value))
  }
}

// Ours is `x-request-id` everywhere; Anthropic's SDKs look for theirs.
function idHeaders({ requestId, dialect }: RequestIdentity): readonly string[] {
  return dialect === 'anthropic-messages'
    ? ['x-request-id', requestId, 'request-id', requestId]
    : ['x-request-id', requestId]
}

export function refusedHeaders(error: AiError, identity: RequestIdentity): FlatHeaders {
  const headers: FlatHeaders = [...idHeaders(identity)]
  const { retryAfterMs, details } = error
  if (retryAfterMs !== undefined)
    headers.push(
      'retry-after',
      String(Math.ceil(retryAfterMs / 1_000)),
      'retry-after-ms',
      String(Math.ceil(retryAfterMs)),
    )
  // SDKs would otherwise repeat what was already repeated here.
  if (details.exhausted) headers.push('x-should-retry', 'false')
  return headers
}
