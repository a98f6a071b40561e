// The spans of one exchange: a server span for itself, a client span for each attempt, by OpenTelemetry's conventions.
//
// Neither prompts nor answers nor a user's name are in them: what is not named here is not sent.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import type { AnswerFacts } from 'ai-lib/internal/chat/answer-facts'
import { totalInput, totalOutput, type Usage } from 'ai-lib/internal/chat/usage'
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import type { Exchange } from '../../exchange/exchange.ts'
import type { ExchangeTrace } from '../../exchange/exchange-trace.ts'
import type { ExchangeSummary } from '../exchange-summary.ts'
import {
  clientSpan,
  flagAttribute,
  listAttribute,
  numberAttribute,
  quotedAttribute,
  serverSpan,
  spanText,
  textAttribute,
  wholeAttribute,
} from './otlp-text.ts'
import { quoted, quotedNames } from './quoted-names.ts'

/** Where an endpoint is, and what OpenTelemetry calls its provider. */
export interface EndpointFacts {
  readonly providerName: string
  readonly address: string
  readonly port: number
}

export interface ExchangeSpansParts {
  /** The first letters of a text, without secrets. */
  readonly excerpt: (text: string, maxChars: number) => string
  /** By the endpoint's name, as metrics have it. */
  readonly endpoints: ReadonlyMap<string, EndpointFacts>
  readonly scheme: 'http' | 'https'
}

/** Spans as JSON, one behind the other with commas between. */
export interface WrittenSpans {
  readonly text: string
  readonly count: number
}

/** An exchange that is over. */
export interface TracedExchange {
  readonly exchange: Exchange
  readonly trace: ExchangeTrace
  readonly summary: ExchangeSummary
  readonly attempts: readonly AttemptRecord[]
  /** What the answer said of itself. */
  readonly facts: AnswerFacts | undefined
  /** The wall clock less the monotonic one, in milliseconds. */
  readonly epochMs: number
}

const operationNames: Readonly<Record<OperationId, string>> = {
  chat: 'chat',
  messages: 'chat',
  responses: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
  'count-tokens': 'count_tokens',
}

/** Choices of an answer whose ends are told. */
const maxStops = 16
const streamed = flagAttribute('gen_ai.request.stream', true)
const posted = textAttribute('http.request.method', 'POST')

export class ExchangeSpans {
  /** A text of somebody else's, as JSON and without secrets. */
  readonly #quote: (text: string) => string
  /** The same where it comes again and again. */
  readonly #name: (text: string) => string
  /** Attributes that are the same for every attempt at an endpoint. */
  readonly #endpoints: ReadonlyMap<string, string>
  readonly #scheme: string

  constructor({ excerpt, endpoints, scheme }: ExchangeSpansParts) {
    this.#quote = quoted(excerpt)
    this.#name = quotedNames(this.#quote)
    this.#endpoints = new Map([...endpoints].map(([name, facts]) => [name, endpointText(facts)]))
    this.#scheme = textAttribute('url.scheme', scheme)
  }

  write(told: TracedExchange): WrittenSpans {
    let text = this.#server(told)
    const { attempts } = told
    for (const [index, attempt] of attempts.entries()) text += `,${this.#attempt(told, attempt, index)}`
    return { text, count: attempts.length + 1 }
  }

  #server(told: TracedExchange): string {
    const { exchange, trace, summary, epochMs } = told
    const { traceId, spanId, parentId, flags } = trace
    return spanText(
      {
        traceId,
        spanId,
        parentId,
        flags,
        state: trace.state === undefined ? undefined : this.#name(trace.state),
        isParentRemote: parentId !== undefined,
        quotedName: `"POST ${exchange.path}"`,
        kind: serverSpan,
        startMs: epochMs + exchange.startedMs,
        endMs: epochMs + endOf(told),
        hasFailed: summary.outcome === 'failed' || summary.outcome === 'truncated',
      },
      this.#serverAttributes(exchange, summary),
    )
  }

  #serverAttributes({ path, operation, asked }: Exchange, summary: ExchangeSummary): string {
    const { status, code, outcome, cache, lane, endpoint, keyId, team, configVersion, costMicroUsd } = summary
    const route = JSON.stringify(path)
    let text = `${posted},${quotedAttribute('url.path', route)},${quotedAttribute('http.route', route)},${this.#scheme}`
    // 499 is our word for a client that left; nobody was sent it.
    if (status !== 499) text += `,${wholeAttribute('http.response.status_code', status)}`
    if (code !== undefined && outcome !== 'cancelled') text += `,${textAttribute('error.type', code)}`
    text += `,${textAttribute('gen_ai.operation.name', operationNames[operation.id])}`
    if (asked !== undefined) text += `,${quotedAttribute('gen_ai.request.model', this.#name(asked.head.model))}`
    if (summary.stream) text += `,${streamed}`
    text += `,${textAttribute('ai_service.request_id', summary.requestId)},${textAttribute('ai_service.outcome', outcome)}`
    text += `,${wholeAttribute('ai_service.attempts', summary.attempts.length)}`
    if (lane !== undefined) text += `,${textAttribute('ai_service.lane', lane)}`
    if (endpoint !== undefined) text += `,${quotedAttribute('ai_service.endpoint', this.#name(endpoint))}`
    if (cache !== undefined) text += `,${textAttribute('ai_service.cache', cache)}`
    if (keyId !== undefined) text += `,${quotedAttribute('ai_service.key_id', this.#name(keyId))}`
    if (team !== undefined) text += `,${quotedAttribute('ai_service.team', this.#name(team))}`
    if (configVersion !== undefined) text += `,${textAttribute('ai_service.config_version', configVersion)}`
    if (costMicroUsd !== undefined)
      text += `,${numberAttribute('ai_service.cost_usd', Number(costMicroUsd) / 1_000_000)}`
    return `${text},${numberAttribute('ai_service.overhead', seconds(summary.overheadMs))}`
  }

  #attempt(told: TracedExchange, attempt: AttemptRecord, index: number): string {
    const { exchange, trace, summary, attempts, epochMs } = told
    const isLast = index === attempts.length - 1
    const endedMs = endOf(told)
    // The record of an attempt ends with its first content; a stream goes on until everything is settled.
    const isFlowing = isLast && summary.stream && attempt.outcome === 'answered'
    const operation = operationNames[exchange.operation.id]
    const model = this.#name(attempt.model)
    return spanText(
      {
        traceId: trace.traceId,
        spanId: trace.attemptId(index),
        parentId: trace.spanId,
        flags: trace.flags,
        state: trace.state === undefined ? undefined : this.#name(trace.state),
        isParentRemote: false,
        quotedName: `"${operation} ${model.slice(1)}`,
        kind: clientSpan,
        startMs: epochMs + attempt.startedMs,
        endMs: epochMs + (isFlowing ? endedMs : Math.min(endedMs, attempt.startedMs + attempt.durationMs)),
        hasFailed: errorOf(attempt, summary, isLast) !== undefined,
      },
      this.#attemptAttributes(told, attempt, index),
    )
  }

  #attemptAttributes(
    { exchange, summary, attempts, facts }: TracedExchange,
    attempt: AttemptRecord,
    index: number,
  ): string {
    const isLast = index === attempts.length - 1
    const { endpoint, outcome, keyFingerprint, phase } = attempt
    const status = attempt.status ?? (outcome === 'answered' ? 200 : undefined)
    const error = errorOf(attempt, summary, isLast)
    let text = textAttribute('gen_ai.operation.name', operationNames[exchange.operation.id])
    text += `,${this.#endpoints.get(endpoint) ?? textAttribute('gen_ai.provider.name', attempt.provider)}`
    text += `,${quotedAttribute('gen_ai.request.model', this.#name(attempt.model))},${posted}`
    if (summary.stream) text += `,${streamed}`
    if (status !== undefined) text += `,${wholeAttribute('http.response.status_code', status)}`
    if (index > 0) text += `,${wholeAttribute('http.request.resend_count', index)}`
    if (error !== undefined) text += `,${textAttribute('error.type', error)}`
    text += `,${quotedAttribute('ai_service.endpoint', this.#name(endpoint))}`
    if (phase !== undefined) text += `,${textAttribute('ai_service.phase', phase)}`
    if (keyFingerprint !== undefined) text += `,${textAttribute('ai_service.provider_key', keyFingerprint)}`
    if (!isLast || outcome !== 'answered') return text
    if (facts !== undefined) text += this.#factsText(facts, error !== undefined)
    if (summary.usage !== undefined) text += usageText(summary.usage)
    if (summary.ttftMs === undefined) return text
    const firstMs = Math.max(0, exchange.startedMs + summary.ttftMs - attempt.startedMs)
    return `${text},${numberAttribute('gen_ai.response.time_to_first_chunk', seconds(firstMs))}`
  }

  #factsText({ id, model, stops }: AnswerFacts, hasFailed: boolean): string {
    let text = ''
    // Ids are never the same twice: nothing is remembered of them.
    if (id !== undefined) text += `,${quotedAttribute('gen_ai.response.id', this.#quote(id))}`
    if (model !== undefined) text += `,${quotedAttribute('gen_ai.response.model', this.#name(model))}`
    const reasons = hasFailed ? ['"error"'] : stops.slice(0, maxStops).map((stop) => this.#name(stop))
    return reasons.length === 0 ? text : `${text},${listAttribute('gen_ai.response.finish_reasons', reasons)}`
  }
}

// Summed up in one place: in another order the sum of an attempt could be a hair above its parent's.
function endOf({ exchange, summary }: TracedExchange): number {
  return exchange.startedMs + summary.durationMs
}

// A stream may fail after its attempt has answered; that a client leaves is no fault of the upstream's.
function errorOf({ outcome }: AttemptRecord, { code, outcome: end }: ExchangeSummary, isLast: boolean) {
  if (outcome === 'left') return undefined
  if (outcome !== 'answered') return outcome
  return isLast && (end === 'failed' || end === 'truncated') ? code : undefined
}

function endpointText({ providerName, address, port }: EndpointFacts): string {
  const provider = textAttribute('gen_ai.provider.name', providerName)
  return `${provider},${textAttribute('server.address', address)},${wholeAttribute('server.port', port)}`
}

function usageText(usage: Usage): string {
  const { cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage
  let text = `,${wholeAttribute('gen_ai.usage.input_tokens', totalInput(usage))}`
  text += `,${wholeAttribute('gen_ai.usage.output_tokens', totalOutput(usage))}`
  if (cacheReadTokens > 0) text += `,${wholeAttribute('gen_ai.usage.cache_read.input_tokens', cacheReadTokens)}`
  if (cacheWriteTokens > 0) text += `,${wholeAttribute('gen_ai.usage.cache_creation.input_tokens', cacheWriteTokens)}`
  if (reasoningTokens > 0) text += `,${wholeAttribute('gen_ai.usage.reasoning.output_tokens', reasoningTokens)}`
  return text
}

function seconds(ms: number): number {
  return Math.round(ms * 1_000) / 1e6
}
