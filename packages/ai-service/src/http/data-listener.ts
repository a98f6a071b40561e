// The data listener: guards every request, matches its route, and hands it to whoever serves it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { operations } from 'ai-lib/internal/dialects/registry'
import { AiError, toAiError } from 'ai-lib/internal/errors/ai-error'
import type { Caller } from '../exchange/exchange.ts'
import type { ListedModel } from '../exchange/route.ts'
import { refusedHeaders } from './answer-headers.ts'
import { type ClientHeaders, readClientHeaders } from './client-headers.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { type ExchangeParts, handleExchange } from './exchange-handler.ts'
import { type HealthState, liveReport, readyReport } from './health.ts'
import { modelBody, modelsBody } from './models.ts'
import { guardedPath } from './request-guard.ts'
import { writeRefusal, writeWhole } from './respond.ts'
import { matchRoute, nearestRoute, type Route } from './routes.ts'

export interface RefusedBeforeExchange {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly error: AiError
}

export interface DataListenerParts {
  readonly exchanges: ExchangeParts
  readonly health: HealthState
  readonly corsOrigins: ReadonlySet<string>
  readonly models: () => readonly ListedModel[]
  /** Who a credential belongs to. @throws AiError. */
  readonly identify: (credential: string | undefined) => Caller
  readonly createRequestId: () => string
  /** Refusals that never became an exchange, for log and metric. */
  readonly onRefused: (refused: RefusedBeforeExchange) => void
  /** Appended to the client's user-agent on the way upstream. */
  readonly agent: string
  readonly timeouts: { readonly headersMs: number; readonly keepAliveMs: number }
  readonly maxConnections: number
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Bytes of request headers that are read; Node answers 431 beyond. */
const maxHeaderSize = 16 * 1_024

export function createDataListener(parts: DataListenerParts): Server {
  const options = {
    maxHeaderSize,
    headersTimeout: parts.timeouts.headersMs,
    // Bodies have a bound of their own that knows their rate (read-body.ts).
    requestTimeout: 0,
    keepAliveTimeout: parts.timeouts.keepAliveMs,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  }
  const listener = new DataListener(parts)
  const server = parts.tls
    ? createTlsServer({ ...options, cert: parts.tls.cert, key: parts.tls.key, minVersion: 'TLSv1.2' })
    : createServer(options)
  server.maxConnections = parts.maxConnections
  const latest = new WeakMap<Socket, ServerResponse>()
  server.on('request', (request, response) => {
    latest.set(request.socket, response)
    listener.handle(request, response, false)
  })
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    latest.set(request.socket, response)
    listener.handle(request, response, true)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    listener.refuse(request, response, new AiError('caller_expectation_failed')),
  )
  server.on('connect', (_request: IncomingMessage, socket: Socket) => socket.destroy())
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerUnparsed(error, socket, latest.get(socket)),
  )
  return server
}

// Node's parser gave up: there is no request to answer in a dialect of, so a short plain answer closes the connection.
function answerUnparsed(error: NodeJS.ErrnoException, socket: Socket, latest: ServerResponse | undefined): void {
  // Bytes behind a request that is under way: an answer to them would be read as the answer to it, or as part of it.
  const isBehind = latest !== undefined && !latest.writableFinished && (latest.req.complete || latest.headersSent)
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  if (isBehind) {
    socket.destroySoon()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const body = `{"error":{"message":"The HTTP request is malformed or too slow (${status}).","type":"invalid_request_error","code":"caller_malformed_request","param":null}}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}

class DataListener {
  readonly #parts: DataListenerParts

  constructor(parts: DataListenerParts) {
    this.#parts = parts
  }

  handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    try {
      this.#route(request, response, expectsContinue)
    } catch (thrown) {
      this.refuse(request, response, toAiError(thrown))
    }
  }

  #route(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const headers = readClientHeaders(request.rawHeaders, this.#parts.agent)
    const path = guardedPath(request, headers)
    if (request.method === 'OPTIONS' && headers.origin !== undefined) return this.#preflight(response, headers)
    const matched = matchRoute(request.method ?? '', path)
    if (matched.kind === 'none') {
      // Keys end up in paths by mistake, and answers end up in other people's logs.
      const asked = `${request.method} ${this.#parts.exchanges.scrub(path).slice(0, 200)}`
      const near = nearestRoute(path)
      throw new AiError('caller_route_not_found', {
        message: near === undefined ? `You asked for ${asked}.` : `You asked for ${asked}. Nearest: ${near}.`,
      })
    }
    if (matched.kind === 'wrong-method') {
      response.setHeader('allow', matched.allow)
      throw new AiError('caller_method_not_allowed', { message: `It takes ${matched.allow}.` })
    }
    const extra = corsHeaders(headers.origin, this.#parts.corsOrigins)
    this.#serve(request, response, matched.route, headers, extra, expectsContinue)
  }

  #serve(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    headers: ClientHeaders,
    extra: readonly string[],
    expectsContinue: boolean,
  ): void {
    switch (route.kind) {
      case 'operation': {
        const id = this.#parts.createRequestId()
        // While draining every answer asks its client to connect anew, elsewhere.
        const closing = this.#parts.health.readiness.kind === 'draining' ? [...extra, 'connection', 'close'] : extra
        void handleExchange(
          request,
          response,
          { id, route, headers, extra: closing, expectsContinue },
          this.#parts.exchanges,
        )
        return
      }
      case 'models':
        return this.#models(response, route.id, headers, extra)
      case 'live':
      case 'ready': {
        const report = route.kind === 'live' ? liveReport() : readyReport(this.#parts.health)
        return writeWhole(response, report.status, ['cache-control', 'no-store', ...extra], report.body)
      }
    }
  }

  #models(response: ServerResponse, id: string | undefined, headers: ClientHeaders, extra: readonly string[]): void {
    const caller = this.#parts.identify(headers.credential)
    const form = headers.forwarded['anthropic-version'] === undefined ? 'openai' : 'anthropic'
    const models = this.#parts.models()
    const body = id === undefined ? modelsBody(models, caller, form) : modelBody(models, id, caller, form)
    if (body === undefined)
      throw new AiError('caller_model_not_found', { message: 'GET /v1/models lists what there is.' })
    writeWhole(response, 200, ['x-request-id', this.#parts.createRequestId(), ...extra], body)
  }

  #preflight(response: ServerResponse, headers: ClientHeaders): void {
    response.writeHead(204, [...preflightHeaders(headers, this.#parts.corsOrigins)])
    response.end()
  }

  /** A refusal before there is an exchange: in the dialect that the path suggests, and with the connection closed on malformed ones. */
  refuse(request: IncomingMessage, response: ServerResponse, error: AiError): void {
    const id = this.#parts.createRequestId()
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    this.#parts.onRefused({ id, method: request.method ?? '', path, error })
    if (response.destroyed || response.headersSent) return
    const { wire } = path.startsWith('/v1/messages') ? operations.messages : operations.chat
    const headers = refusedHeaders(error, { requestId: id, dialect: wire.dialect })
    const isDoubtful =
      error.code.startsWith('caller_malformed') ||
      error.code === 'caller_bad_host' ||
      error.code === 'caller_credential_conflict'
    if (isDoubtful || !request.complete) headers.push('connection', 'close')
    const allow = response.getHeader('allow')
    if (typeof allow === 'string') headers.push('allow', allow)
    writeRefusal(request, response, error.status, headers, Buffer.from(wire.writeFailure(error, 'before-body', id)))
  }
}
