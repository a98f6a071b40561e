// Carries one spending request from its head to its last byte: read, run, write, settle.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import { lengthOf } from 'ai-lib/internal/bytes/pieces'
import { noUsage } from 'ai-lib/internal/chat/usage'
import { AiError, toAiError } from 'ai-lib/internal/errors/ai-error'
import type { AnswerLane } from 'ai-lib/internal/lanes/answer-lane'
import type { Asked } from 'ai-lib/internal/lanes/prepare-request'
import type { Answer } from '../exchange/answer.ts'
import type { ByteBudget, ByteLease } from '../exchange/byte-budget.ts'
import { readAsked } from '../exchange/dispatch.ts'
import { type CacheWish, Exchange } from '../exchange/exchange.ts'
import type { TraceStart } from '../exchange/exchange-trace.ts'
import type { Interruptible, OpenExchanges } from '../exchange/open-exchanges.ts'
import type { Outcome, Settlement } from '../exchange/settlement.ts'
import { answeredHeaders, refusedHeaders, replayedHeaders, type RequestIdentity } from './answer-headers.ts'
import type { ClientHeaders } from './client-headers.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { Pump, type PumpBounds, type PumpEnd, type PumpTimes } from './pump.ts'
import { type BodyBounds, readBody } from './read-body.ts'
import { readTags } from './read-tags.ts'
import { writeWhole } from './respond.ts'
import type { Route } from './routes.ts'

export interface ExchangeParts {
  readonly body: BodyBounds
  readonly budget: ByteBudget
  readonly pump: PumpBounds
  /** @param maxChars letters of it that are needed: less is less work. */
  readonly scrub: (text: string, maxChars?: number) => string
  /** Policies, and attempts in their middle. @throws AiError to refuse. */
  readonly run: (exchange: Exchange) => Promise<Answer>
  readonly startTrace: TraceStart
  /** Told before anything else happens; adds its listeners to the exchange. */
  readonly onExchange: (exchange: Exchange) => void
  /** A fault of ours that ended an exchange, for the log. */
  readonly onFault: (requestId: string, thrown: unknown) => void
  readonly onStream: (change: 'opened' | 'closed') => void
  /** Exchanges under way, for the end of a drain. */
  readonly open: OpenExchanges
}

/** Bodies from here on are dropped as soon as they are sent. */
const droppedBytes = 32 * 1024
const unmetered = { kind: 'unknown' } as const
const eventStream = 'text/event-stream; charset=utf-8'

type OperationRoute = Extract<Route, { kind: 'operation' }>

/** Never rejects. */
export async function handleExchange(
  request: HttpRequest,
  response: HttpResponse,
  given: {
    readonly id: string
    readonly route: OperationRoute
    readonly headers: ClientHeaders
    readonly extra: readonly string[]
    readonly expectsContinue: boolean
  },
  parts: ExchangeParts,
): Promise<void> {
  const abort = new AbortController()
  const carrier = new Carrier(request, response, given, parts, abort)
  response.onGone = () => carrier.clientLeft()
  const place = parts.open.add(carrier)
  try {
    await carrier.carry()
  } catch (thrown) {
    carrier.broke(thrown)
  } finally {
    parts.open.delete(place)
  }
}

class Carrier implements Interruptible {
  readonly #request: HttpRequest
  readonly #response: HttpResponse
  readonly #given: Parameters<typeof handleExchange>[2]
  readonly #parts: ExchangeParts
  readonly #exchange: Exchange
  readonly #abort: AbortController
  #pump: Pump | undefined
  #interruption: AiError | undefined
  #lease: ByteLease | undefined
  /** Milliseconds that the client took to send its body: not our time. */
  #bodyMs = 0
  #bodyBytes = 0

  constructor(
    request: HttpRequest,
    response: HttpResponse,
    given: Parameters<typeof handleExchange>[2],
    parts: ExchangeParts,
    abort: AbortController,
  ) {
    this.#abort = abort
    this.#request = request
    this.#response = response
    this.#given = given
    this.#parts = parts
    const { headers, route, id } = given
    this.#exchange = new Exchange({
      id,
      operation: route.operation,
      path: route.path,
      head: exchangeHead(headers),
      signal: abort.signal,
      startedMs: performance.now(),
      trace: parts.startTrace(headers.traceparent, headers.tracestate),
      readBody: () => this.#read(),
    })
  }

  interrupt(error: AiError): void {
    this.#interruption = error
    if (this.#pump) this.#pump.interrupt(error)
    else this.#abort.abort()
  }

  clientLeft(): void {
    this.#abort.abort()
    this.#pump?.left()
  }

  /** A fault of ours: this exchange ends, and nothing else does. */
  broke(thrown: unknown): void {
    this.#parts.onFault(this.#exchange.id, thrown)
    this.#abort.abort()
    this.#lease?.release()
    this.#response.destroy()
    try {
      this.#settle('failed', 500, [], { error: toAiError(thrown) })
    } catch (again) {
      this.#parts.onFault(this.#exchange.id, again)
    }
  }

  async carry(): Promise<void> {
    this.#parts.onExchange(this.#exchange)
    const answer = this.#unlessInterrupted(await this.#answer())
    this.#dropBody(answer)
    switch (answer.kind) {
      case 'whole':
        return this.#whole(answer)
      case 'stream':
        return this.#stream(answer)
      case 'replayed':
        return this.#replay(answer)
      case 'refused':
        return this.#refuse(answer)
      case 'left':
        return this.#settle('cancelled', 499, answer.attempts, {
          ...answer.endpoint,
          error: new AiError('caller_left'),
        })
    }
  }

  #dropBody(answer: Answer): void {
    this.#lease?.release()
    // Small bodies cost more to drop than to keep.
    if (this.#bodyBytes >= droppedBytes)
      this.#exchange.dropBody((answer.kind === 'whole' || answer.kind === 'stream') && answer.isBodyFree)
  }

  // An exchange that we ended ourselves has a client that still waits for a word.
  #unlessInterrupted(answer: Answer): Answer {
    if (answer.kind !== 'left' || this.#interruption === undefined) return answer
    return { ...answer, kind: 'refused', error: this.#interruption }
  }

  async #answer(): Promise<Answer> {
    try {
      checkHeaders(this.#given.headers)
      return await this.#parts.run(this.#exchange)
    } catch (thrown) {
      const error = toAiError(thrown)
      if (error.code === 'caller_left' || (this.#exchange.signal.aborted && error.code !== 'service_internal'))
        return { kind: 'left', attempts: [] }
      return { kind: 'refused', error, attempts: [] }
    }
  }

  async #read(): Promise<Asked> {
    const startedMs = performance.now()
    const { contentLength } = this.#given.headers
    // A body that will be refused for its length is not invited.
    const isInvited = contentLength === undefined || Number(contentLength) <= this.#parts.body.maxBytes
    if (this.#given.expectsContinue && isInvited) this.#response.writeContinue()
    const { body, budget } = this.#parts
    const { pieces, lease } = await readBody(this.#request, contentLength, body, budget, this.#abort.signal)
    this.#lease = lease
    this.#bodyBytes = lengthOf(pieces)
    this.#bodyMs = performance.now() - startedMs
    return readAsked(this.#exchange.operation, pieces)
  }

  #whole(answer: Extract<Answer, { kind: 'whole' }>): void {
    const { out, lane } = answer
    if (this.#response.destroyed) return this.#settleAnswered('cancelled', 499, answer, lane)
    const timing = this.#timing(answer.attempts)
    const headers = answeredHeaders(answer, this.#identity, timing, this.#parts.scrub)
    this.#addExtra(headers)
    writeWhole(this.#response, 200, headers, out)
    // A client that does not read must not keep the answer in our memory for ever.
    this.#response.boundWrites(this.#parts.pump.writeStallMs)
    this.#settleAnswered('completed', 200, answer, lane, { gatewayMs: timing.gatewayMs })
  }

  async #stream(answer: Extract<Answer, { kind: 'stream' }>): Promise<void> {
    const { stream } = answer
    const timing = this.#timing(answer.attempts)
    const headers = answeredHeaders(answer, this.#identity, timing, this.#parts.scrub)
    headers.push('content-type', eventStream, 'cache-control', 'no-cache', 'x-accel-buffering', 'no')
    this.#addExtra(headers)
    this.#response.startStream(200, headers)
    const { scrub } = this.#parts
    const { wire } = this.#exchange.operation
    const closing = (error: AiError): Uint8Array => wire.writeFailure(error, 'mid-stream', this.#exchange.id)
    this.#pump = new Pump(this.#response, stream, { closing, scrub, ...this.#parts.pump })
    this.#parts.onStream('opened')
    const end = await this.#pump.run()
    this.#parts.onStream('closed')
    const error = end.kind === 'failed' ? end.error : end.kind === 'cancelled' ? new AiError('caller_left') : undefined
    this.#settleAnswered(outcomeOf(end), end.kind === 'cancelled' ? 499 : 200, answer, stream.lane, {
      gatewayMs: timing.gatewayMs,
      ...streamTimes(end.times, this.#exchange.startedMs),
      ...(error ? { error } : {}),
    })
  }

  // Nothing was asked of a provider, so that nothing is metered.
  #replay({ form, out, from }: Extract<Answer, { kind: 'replayed' }>): void {
    const gone = this.#response.destroyed
    if (!gone) {
      const headers = replayedHeaders(from, this.#identity, this.#timing([]).gatewayMs)
      this.#addExtra(headers)
      if (form === 'stream') headers.push('cache-control', 'no-cache', 'x-accel-buffering', 'no')
      writeWhole(this.#response, 200, headers, out, form === 'stream' ? eventStream : undefined)
      this.#response.boundWrites(this.#parts.pump.writeStallMs)
    }
    const metered = { kind: 'reported', usage: noUsage } as const
    const error = gone ? new AiError('caller_left') : undefined
    this.#settle(gone ? 'cancelled' : 'completed', gone ? 499 : 200, [], { ...from, metered, error })
  }

  #refuse(answer: Extract<Answer, { kind: 'refused' }>): void {
    const { error } = answer
    if (!this.#response.destroyed) {
      const body = this.#exchange.operation.wire.writeFailure(error, 'before-body', this.#exchange.id)
      const headers = refusedHeaders(error, this.#identity)
      if (answer.attempts.length > 0) headers.push('x-ai-attempts', String(answer.attempts.length))
      if (answer.endpoint) headers.push('x-ai-provider', answer.endpoint.provider)
      this.#addExtra(headers)
      writeWhole(this.#response, error.status, headers, body)
    }
    const outcome = isCallers(error) ? 'refused' : 'failed'
    this.#settle(outcome, error.status, answer.attempts, { ...answer.endpoint, error })
  }

  get #identity(): RequestIdentity {
    return { requestId: this.#exchange.id, dialect: this.#exchange.operation.wire.dialect }
  }

  #addExtra(headers: string[]): void {
    for (const text of this.#given.extra) headers.push(text)
    for (const text of this.#exchange.answerHeaders) headers.push(text)
  }

  #timing(attempts: readonly AttemptRecord[]): { readonly upstreamMs: number; readonly gatewayMs: number } {
    const upstreamMs = attempts.reduce((sum, { durationMs }) => sum + durationMs, 0)
    const gatewayMs = performance.now() - this.#exchange.startedMs - upstreamMs - this.#bodyMs
    return { upstreamMs, gatewayMs: Math.max(0, gatewayMs) }
  }

  #settleAnswered(
    end: Outcome,
    status: number,
    answer: Extract<Answer, { kind: 'whole' | 'stream' }>,
    lane: Pick<AnswerLane<Buffer>, 'usage' | 'losses' | 'facts'>,
    more: {
      readonly gatewayMs?: number
      readonly ttftMs?: number
      readonly interTokenMs?: number
      readonly error?: AiError
    } = {},
  ): void {
    const { target, prepared, attempts } = answer
    const { usage, losses } = lane
    // Every request comes through here: the object is made in one go.
    this.#exchange.settle({
      end,
      status,
      error: more.error,
      metered: usage ? { kind: 'reported', usage } : unmetered,
      attempts,
      provider: target.upstream.spec.name,
      endpoint: target.endpoint,
      model: target.model,
      lane: prepared.lane,
      facts: lane.facts,
      losses: losses.length === 0 ? prepared.losses : [...prepared.losses, ...losses],
      cache: this.#exchange.cache,
      durationMs: performance.now() - this.#exchange.startedMs,
      overheadMs: more.gatewayMs ?? this.#timing(attempts).gatewayMs,
      ttftMs: more.ttftMs,
      interTokenMs: more.interTokenMs,
    })
  }

  #settle(end: Outcome, status: number, attempts: readonly AttemptRecord[], more: Partial<Settlement>): void {
    const durationMs = performance.now() - this.#exchange.startedMs
    this.#exchange.settle({
      end,
      status,
      attempts,
      metered: { kind: 'unknown' },
      losses: [],
      cache: this.#exchange.cache,
      durationMs,
      overheadMs: this.#timing(attempts).gatewayMs,
      ...more,
    })
  }
}

/** @throws AiError where the body is encoded or no JSON, or a header of ours says nothing. */
function checkHeaders({ contentEncoding, contentType, timeoutMs, strict, cache, tags }: ClientHeaders): void {
  if (tags !== undefined) readTags(tags)
  if (timeoutMs !== undefined && !/^[1-9]\d{0,8}$/.test(timeoutMs))
    throw new AiError('caller_invalid_request', {
      message: 'x-ai-timeout-ms takes whole milliseconds, 1 or more.',
      param: 'x-ai-timeout-ms',
    })
  if (strict !== undefined && strict !== 'losses')
    throw new AiError('caller_invalid_request', {
      message: 'x-ai-strict takes the value losses.',
      param: 'x-ai-strict',
    })
  if (cache !== undefined && !isCacheWish(cache))
    throw new AiError('caller_invalid_request', {
      message: 'x-ai-cache takes one of no-store, refresh, only.',
      param: 'x-ai-cache',
    })
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity')
    throw new AiError('caller_encoded_body')
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new AiError('caller_unsupported_media_type')
}

// A head that cannot be read has no tags: checkHeaders refuses the request for it.
function tagsOf(header: string | undefined): Exchange['head']['tags'] {
  try {
    return header === undefined ? undefined : readTags(header)
  } catch {
    return undefined
  }
}

function exchangeHead(headers: ClientHeaders): Exchange['head'] {
  const timeoutMs = headers.timeoutMs === undefined ? undefined : Number(headers.timeoutMs)
  const tags = tagsOf(headers.tags)
  return {
    ...(headers.credential === undefined ? {} : { credential: headers.credential }),
    forwarded: headers.forwarded,
    strictLosses: headers.strict === 'losses',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(headers.user === undefined ? {} : { user: headers.user }),
    ...(headers.cache !== undefined && isCacheWish(headers.cache) ? { cache: headers.cache } : {}),
    ...(tags === undefined ? {} : { tags }),
  }
}

function isCacheWish(text: string): text is CacheWish {
  return text === 'no-store' || text === 'refresh' || text === 'only'
}

/** What the caller must mend, a provider's refusal of the request itself included. */
function isCallers({ code }: AiError): boolean {
  return code.startsWith('caller_') || code.startsWith('policy_') || code === 'provider_rejected_request'
}

function outcomeOf(end: PumpEnd): Outcome {
  switch (end.kind) {
    case 'completed':
      return 'completed'
    case 'cancelled':
      return 'cancelled'
    case 'failed':
      return end.error.code === 'provider_truncated' ? 'truncated' : 'failed'
  }
}

function streamTimes(
  times: PumpTimes,
  startedMs: number,
): { readonly ttftMs?: number; readonly interTokenMs?: number } {
  if (times.pieces === 0) return {}
  const ttftMs = times.firstMs - startedMs
  return times.pieces < 2 ? { ttftMs } : { ttftMs, interTokenMs: (times.lastMs - times.firstMs) / (times.pieces - 1) }
}
