// The data listener: guards every request, matches its route, and hands it to whoever serves it.
import { operations } from 'ai-lib/internal/dialects/registry'
import { AiError, toAiError } from 'ai-lib/internal/errors/ai-error'
import type { Caller } from '../exchange/exchange.ts'
import type { ListedModel } from '../exchange/route.ts'
import { refusedHeaders } from './answer-headers.ts'
import { type ClientHeaders, readClientHeaders } from './client-headers.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { type ExchangeParts, handleExchange } from './exchange-handler.ts'
import { createHttpListener, type HttpListener } from './http-listener.ts'
import type { HttpRequest } from './http-request.ts'
import type { HttpResponse } from './http-response.ts'
import { type HealthState, liveReport, readyReport } from './health.ts'
import { modelBody, modelsBody } from './models.ts'
import { guardedPath } from './request-guard.ts'
import { writeWhole } from './respond.ts'
import { matchRoute, nearestRoute, type Route } from './routes.ts'

export interface RefusedBeforeExchange {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly error: AiError
}

/** What one configuration makes of requests. */
export interface Serving {
  readonly exchanges: ExchangeParts
  readonly corsOrigins: ReadonlySet<string>
  readonly models: () => readonly ListedModel[]
  /** Who a credential belongs to. @throws AiError. */
  readonly identify: (credential: string | undefined) => Caller
}

export interface DataListenerParts {
  /** Asked once for each request, which keeps to it until it is over. */
  readonly generations: { readonly current: { readonly serving: Serving } }
  readonly health: HealthState
  /** Whether there is too much already: spending requests are refused before they cost anything. */
  readonly overload: { readonly refuses: boolean }
  readonly createRequestId: () => string
  /** Refusals that never became an exchange, for log and metric. */
  readonly onRefused: (refused: RefusedBeforeExchange) => void
  /** Appended to the client's user-agent on the way upstream. */
  readonly agent: string
  /** The service's, for the description of its routes. */
  readonly version: string
  readonly timeouts: { readonly headersMs: number; readonly keepAliveMs: number }
  readonly maxConnections: number
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Letters of a path that its client is told, and that are logged. */
const maxToldPath = 200
const maxLoggedPath = 512

/** Milliseconds after which whoever was refused for too much may come again. */
const overloadedMs = 1_000

/** What a refusal before there is an exchange adds to its headers. */
type Extra = readonly string[]

export function createDataListener(parts: DataListenerParts): HttpListener {
  const listener = new DataListener(parts)
  const { timeouts, maxConnections, tls } = parts
  return createHttpListener({ ...timeouts, maxConnections, ...(tls ? { tls } : {}) }, (request, response, expects) =>
    listener.handle(request, response, expects),
  )
}

class DataListener {
  readonly #parts: DataListenerParts
  /** `/openapi.json`, once somebody asked for it. */
  #description: Uint8Array | undefined

  constructor(parts: DataListenerParts) {
    this.#parts = parts
  }

  handle(request: HttpRequest, response: HttpResponse, expects: string): void {
    const { serving } = this.#parts.generations.current
    try {
      if (expects !== '' && expects !== '100-continue') throw new AiError('caller_expectation_failed')
      this.#route(request, response, serving, expects !== '')
    } catch (thrown) {
      this.#refuseOrEnd(request, response, serving, toAiError(thrown))
    }
  }

  // A fault of ours ends this request, and nothing else.
  #refuseOrEnd(request: HttpRequest, response: HttpResponse, serving: Serving, error: AiError): void {
    try {
      this.#refuse(request, response, serving, error)
    } catch (again) {
      serving.exchanges.onFault('none', again)
      response.destroy()
    }
  }

  #route(request: HttpRequest, response: HttpResponse, serving: Serving, expectsContinue: boolean): void {
    const headers = readClientHeaders(request.rawHeaders, this.#parts.agent)
    const path = guardedPath(request, headers)
    if (request.method === 'OPTIONS' && headers.origin !== undefined) return this.#preflight(response, headers, serving)
    const matched = matchRoute(request.method, path)
    if (matched.kind === 'none') {
      // Keys end up in paths by mistake, and answers end up in other people's logs.
      const asked = `${request.method} ${serving.exchanges.scrub(path, maxToldPath)}`
      const near = nearestRoute(path)
      throw new AiError('caller_route_not_found', {
        message: near === undefined ? `You asked for ${asked}.` : `You asked for ${asked}. Nearest: ${near}.`,
      })
    }
    if (matched.kind === 'wrong-method') {
      const error = new AiError('caller_method_not_allowed', { message: `It takes ${matched.allow}.` })
      return this.#refuse(request, response, serving, error, ['allow', matched.allow])
    }
    const extra = corsHeaders(headers.origin, serving.corsOrigins)
    this.#serve(request, response, serving, matched.route, headers, extra, expectsContinue)
  }

  #serve(
    request: HttpRequest,
    response: HttpResponse,
    serving: Serving,
    route: Route,
    headers: ClientHeaders,
    extra: readonly string[],
    expectsContinue: boolean,
  ): void {
    switch (route.kind) {
      case 'operation': {
        if (this.#parts.overload.refuses) throw new AiError('service_overloaded', { retryAfterMs: overloadedMs })
        const id = this.#parts.createRequestId()
        void handleExchange(request, response, { id, route, headers, extra, expectsContinue }, serving.exchanges)
        return
      }
      case 'models':
        return this.#models(response, serving, route.id, headers, extra)
      case 'live':
      case 'ready': {
        const report = route.kind === 'live' ? liveReport() : readyReport(this.#parts.health)
        return writeWhole(response, report.status, ['cache-control', 'no-store', ...extra], report.body)
      }
      case 'api-description':
        void this.#describe(request, response, serving, extra)
    }
  }

  // Written when it is first asked for: most services are never asked.
  async #describe(
    request: HttpRequest,
    response: HttpResponse,
    serving: Serving,
    extra: readonly string[],
  ): Promise<void> {
    try {
      this.#description ??= (await import('./openapi.ts')).openApiBytes(this.#parts.version)
      if (!response.destroyed) writeWhole(response, 200, [...extra], this.#description)
    } catch (thrown) {
      this.#refuseOrEnd(request, response, serving, toAiError(thrown))
    }
  }

  #models(
    response: HttpResponse,
    serving: Serving,
    id: string | undefined,
    headers: ClientHeaders,
    extra: readonly string[],
  ): void {
    const caller = serving.identify(headers.credential)
    const form = headers.forwarded['anthropic-version'] === undefined ? 'openai' : 'anthropic'
    const models = serving.models()
    const body = id === undefined ? modelsBody(models, caller, form) : modelBody(models, id, caller, form)
    if (body === undefined)
      throw new AiError('caller_model_not_found', { message: 'GET /v1/models lists what there is.' })
    writeWhole(response, 200, ['x-request-id', this.#parts.createRequestId(), ...extra], body)
  }

  #preflight(response: HttpResponse, headers: ClientHeaders, { corsOrigins }: Serving): void {
    response.sendWhole(204, preflightHeaders(headers, corsOrigins), '')
  }

  /** A refusal before there is an exchange: in the dialect that the path suggests, and with the connection closed on malformed ones. */
  #refuse(
    request: HttpRequest,
    response: HttpResponse,
    { exchanges }: Serving,
    error: AiError,
    extra: Extra = [],
  ): void {
    const id = this.#parts.createRequestId()
    const path = request.url.split('?', 1)[0] ?? ''
    // Anybody can send sixteen thousand letters that are slow to search, and nobody reads so many.
    const shown = path.length > maxLoggedPath ? exchanges.scrub(path, maxLoggedPath) : path
    this.#parts.onRefused({ id, method: request.method, path: shown, error })
    if (response.destroyed || response.headersSent) return
    const { wire } = path.startsWith('/v1/messages') ? operations.messages : operations.chat
    const headers = [...refusedHeaders(error, { requestId: id, dialect: wire.dialect }), ...extra]
    const isDoubtful =
      error.code.startsWith('caller_malformed') ||
      error.code === 'caller_bad_host' ||
      error.code === 'caller_method_not_allowed' ||
      error.code === 'caller_credential_conflict'
    if (isDoubtful) headers.push('connection', 'close')
    writeWhole(response, error.status, headers, wire.writeFailure(error, 'before-body', id))
  }
}
