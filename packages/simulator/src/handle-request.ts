// One request from its head to its behaviour: route, record, key check, body, then what is due.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { anthropicErrorForm } from './anthropic-messages/error-form.ts'
import type { Mint } from './answer-plan.ts'
import type { Behaviour } from './behaviour.ts'
import type { BehaviourQueue } from './behaviour-queue.ts'
import type { RequestHeaders } from './dialect.ts'
import { type Asked, type Endpoint, type Reply, refuse } from './endpoint.ts'
import { endpoints } from './endpoints.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { isObject, type JsonObject, parseJson, stringAt } from './json.ts'
import { listModels, writeModel } from './models.ts'
import { openaiErrorForm } from './openai-chat/error-form.ts'
import { perform, type Stage } from './perform.ts'
import { explainScripts, readBehaviour } from './read-behaviour.ts'
import { readBody } from './read-body.ts'
import type { RecordedRequest, RequestRing } from './recorded-requests.ts'
import { findRoute, type Route } from './routes.ts'
import { sendJson } from './send-reply.ts'
import type { RequestHandler, SocketBook } from './simulator.ts'

export interface HandlerParts {
  readonly ring: RequestRing
  readonly queue: BehaviourQueue
  readonly sockets: SocketBook
  readonly keys: readonly string[] | undefined
  readonly created: number
  readonly records: boolean
  readonly onRequest: ((request: RecordedRequest) => Behaviour | undefined | void) | undefined
}

export function createHandler(parts: HandlerParts): RequestHandler {
  let served = 0
  const mint = (): Mint => {
    served += 1
    return { serial: String(served).padStart(6, '0'), created: parts.created }
  }
  return (request, response) => {
    handle(parts, mint, request, response).catch((error: unknown) => {
      // The usual reason is a client that left, which ends every wait; anything else must not take the server down.
      if (response.headersSent || response.destroyed) response.destroy()
      else
        response
          .writeHead(500, { 'content-type': 'text/plain' })
          .end(`simulator: ${error instanceof Error ? error.message : 'failed'}`)
    })
  }
}

async function handle(
  parts: HandlerParts,
  mint: () => Mint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = findRoute(request.method ?? '', request.url ?? '')
  const recording = parts.records ? parts.ring.record(request, parts.sockets.idOf(request)) : undefined
  const onLeft = () => {
    if (!parts.sockets.isClosing()) recording?.markAborted()
  }
  const exchange = createExchange({ request, response, socket: parts.sockets.tcpSocketOf(request), onLeft })
  const isPlain = route.kind === 'health' || route.kind === 'models'
  const next = isPlain ? undefined : parts.queue.peek()
  if (next?.kind === 'reset' && next.at === 'connect') {
    parts.queue.take()
    exchange.own()
    exchange.socket.resetAndDestroy()
    return
  }
  const body = await readBody(request)
  const family = familyOf(route, request)
  const errors = family === 'anthropic' ? anthropicErrorForm : openaiErrorForm
  const minted = mint()
  const headers = { [errors.requestIdHeader]: `req_sim_${minted.serial}` }
  const refuseWith = (status: number, message: string) =>
    send(exchange, refuse(errors, { kind: 'bad-request', status, message }, minted), headers)
  if (body === 'too-large') return refuseWith(413, 'The request is too large.')
  recording?.keepBody(body)
  const wished = recording === undefined ? undefined : (parts.onRequest?.(recording.request) ?? undefined)
  if (route.kind === 'health') return sendJson(exchange, 200, { status: 'ok' }, {})
  if (!isKnown(parts.keys, request, family))
    return refuseWith(401, family === 'anthropic' ? 'invalid x-api-key' : 'Incorrect API key provided.')
  if (route.kind === 'models')
    return sendJson(
      exchange,
      200,
      route.id === undefined ? listModels(family, parts.created) : writeModel(family, route.id, parts.created),
      headers,
    )
  const endpoint = route.kind === 'endpoint' ? endpoints[route.name] : undefined
  const asked = readAsked(body, request, minted)
  const reply = (script: Behaviour & { kind: 'answer' }): Reply => {
    if (route.kind === 'wrong-method')
      return refuse(
        errors,
        { kind: 'bad-request', status: 405, message: `Method ${request.method} is not allowed here.` },
        minted,
      )
    if (endpoint === undefined)
      return refuse(
        errors,
        { kind: 'bad-request', status: 404, message: `Unknown request URL: ${request.method} ${request.url}.` },
        minted,
      )
    if (asked === undefined)
      return refuse(
        errors,
        { kind: 'bad-request', status: 400, message: 'We could not parse the JSON body of your request.' },
        minted,
      )
    return endpoint.reply(asked, script)
  }
  const due = wished ?? parts.queue.take()
  const scripted =
    due === undefined && endpoint !== undefined && asked !== undefined ? readScript(endpoint, asked) : undefined
  if (scripted !== undefined && 'flaw' in scripted) return refuseWith(400, scripted.flaw)
  const behaviour = due ?? scripted?.behaviour ?? { kind: 'answer' }
  const stage: Stage = {
    exchange,
    errors,
    requestId: `req_sim_${minted.serial}`,
    headers,
    reply,
    stepOf: (script) => parts.queue.stepOf(script, scripted?.text ?? script),
  }
  await perform(stage, behaviour)
}

function send(exchange: Exchange, reply: Reply, headers: Readonly<Record<string, string>>): void {
  if (reply.kind === 'whole') sendJson(exchange, reply.status, reply.body, headers)
}

function readAsked(body: Buffer, request: IncomingMessage, mint: Mint): Asked | undefined {
  const parsed = parseJson(body.toString())
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  return { body: parsed.value, headers: headersOf(request), mint }
}

function headersOf(request: IncomingMessage): RequestHeaders {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

type Scripted = { readonly text: string; readonly behaviour: Behaviour } | { readonly flaw: string }

function readScript(endpoint: Endpoint, asked: Asked): Scripted | undefined {
  if (!isScriptModel(asked.body)) return undefined
  const text = endpoint.lastUserText(asked)
  const read = readBehaviour(text)
  if (read.kind === 'behaviour') return { text, behaviour: read.behaviour }
  if (read.kind === 'flawed') return { flaw: read.message }
  return { text, behaviour: { kind: 'answer', text: explainScripts() } }
}

function isScriptModel(body: JsonObject): boolean {
  const model = stringAt(body, 'model') ?? ''
  return model === 'script' || model.endsWith('/script')
}

function familyOf(route: Route, request: IncomingMessage): 'openai' | 'anthropic' {
  if (route.kind === 'endpoint')
    return route.name === 'messages' || route.name === 'count-tokens' ? 'anthropic' : 'openai'
  if (route.kind === 'unknown' || route.kind === 'wrong-method') return route.family
  return request.headers['anthropic-version'] === undefined ? 'openai' : 'anthropic'
}

function isKnown(
  keys: readonly string[] | undefined,
  request: IncomingMessage,
  family: 'openai' | 'anthropic',
): boolean {
  if (keys === undefined) return true
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const key = family === 'anthropic' ? [request.headers['x-api-key']].flat()[0] : bearer
  return key !== undefined && keys.includes(key)
}
