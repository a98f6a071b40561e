// A whole request to its answer: the key check, then the behaviour that is due, on the endpoint that the route names.
import type { Mint } from './answer-plan.ts'
import type { AnswerBehaviour, Behaviour } from './behaviour.ts'
import type { BehaviourQueue } from './behaviour-queue.ts'
import { type BenchBook, sendBench } from './bench-model.ts'
import { ERROR_FORMS, familyOf, hasKey } from './caller.ts'
import type { RequestHeaders } from './dialect.ts'
import { type Asked, type Reply, refuse } from './endpoint.ts'
import { endpoints } from './endpoints.ts'
import type { Exchange } from './exchange.ts'
import { isObject, parseJson } from './json.ts'
import { listModels, writeModel } from './models.ts'
import { perform, type Stage } from './perform.ts'
import type { RecordedRequest } from './recorded-requests.ts'
import type { Family, Route } from './routes.ts'
import { readScript } from './script-model.ts'
import { sendJson, sendReply } from './send-reply.ts'

export interface AnswerParts {
  readonly queue: BehaviourQueue
  readonly keys: readonly string[] | undefined
  readonly created: number
  readonly onRequest: ((request: RecordedRequest) => Behaviour | undefined) | undefined
  readonly bench: BenchBook
  nextSerial(): string
}

export interface Arrived {
  readonly exchange: Exchange
  readonly route: Route
  readonly body: Buffer | 'too-large'
  readonly recorded: RecordedRequest | undefined
}

/** A request with all that its answer may need. */
interface Turn extends Arrived {
  readonly family: Family
  readonly mint: Mint
  readonly asked: Asked | undefined
}

export async function answerRequest(parts: AnswerParts, arrived: Arrived): Promise<void> {
  const { exchange, route, body, recorded } = arrived
  const wished = recorded === undefined ? undefined : parts.onRequest?.(recorded)
  if (route.kind === 'health') return sendJson(exchange, 200, { status: 'ok' }, {})
  const family = familyOf(route, exchange.request)
  const refusal = findRefusal(parts, arrived, family)
  const due = refusal !== undefined || route.kind === 'models' ? undefined : (wished ?? parts.queue.take())
  if (refusal === undefined && due === undefined && route.kind === 'endpoint' && body !== 'too-large') {
    const bench = parts.bench(route.name, body)
    if (bench !== undefined) return sendBench(exchange.response, bench)
  }
  const mint = { serial: parts.nextSerial(), created: parts.created }
  const turn: Turn = { ...arrived, family, mint, asked: readAsked(body, exchange, mint) }
  if (refusal !== undefined)
    return sendReply(exchange, refuseTurn(turn, refusal.status, refusal.message), { kind: 'answer' }, headersOf(turn))
  if (route.kind === 'models') return sendJson(exchange, 200, modelsReply(route.id, turn), headersOf(turn))
  const { behaviour, key } = chooseBehaviour(turn, due)
  await perform(createStage(parts, turn, key), behaviour)
}

interface Refusal {
  readonly status: number
  readonly message: string
}

function findRefusal(parts: AnswerParts, { exchange, body }: Arrived, family: Family): Refusal | undefined {
  if (body === 'too-large') return { status: 413, message: 'The request is too large.' }
  if (hasKey(parts.keys, exchange.request, family)) return undefined
  return { status: 401, message: family === 'anthropic' ? 'invalid x-api-key' : 'Incorrect API key provided.' }
}

function modelsReply(id: string | undefined, { family, mint }: Turn): object {
  return id === undefined ? listModels(family, mint.created) : writeModel(family, id, mint.created)
}

/** `key` is what the attempts of a script are counted by. */
function chooseBehaviour(
  { route, asked, family, mint }: Turn,
  due: Behaviour | undefined,
): { readonly behaviour: Behaviour; readonly key?: string } {
  if (due !== undefined) return { behaviour: due }
  if (route.kind !== 'endpoint' || asked === undefined) return { behaviour: { kind: 'answer' } }
  const scripted = readScript(endpoints[route.name], asked)
  if (scripted === undefined) return { behaviour: { kind: 'answer' } }
  if (scripted.kind === 'behaviour') return { behaviour: scripted.behaviour, key: scripted.text }
  const error = { status: 400, message: scripted.message, requestId: requestIdOf(mint) }
  return { behaviour: { kind: 'status', status: 400, body: ERROR_FORMS[family].writeError(error) } }
}

function createStage(parts: AnswerParts, turn: Turn, key: string | undefined): Stage {
  const { route } = turn
  return {
    exchange: turn.exchange,
    errors: route.kind === 'endpoint' ? endpoints[route.name].errors : ERROR_FORMS[turn.family],
    requestId: requestIdOf(turn.mint),
    headers: headersOf(turn),
    reply: (script) => replyTo(turn, script),
    // A script that came as text is a new object each time: only its text can count its attempts.
    stepOf: (script) => parts.queue.stepOf(script, key === undefined ? script : `${key} ${JSON.stringify(script)}`),
  }
}

function replyTo(turn: Turn, script: AnswerBehaviour): Reply {
  const { route, asked, exchange } = turn
  const { method, url } = exchange.request
  if (route.kind === 'wrong-method') return refuseTurn(turn, 405, `Not allowed to ${method} on ${url}.`)
  if (route.kind !== 'endpoint') return refuseTurn(turn, 404, `Unknown request URL: ${method} ${url}.`)
  if (asked === undefined) return refuseTurn(turn, 400, 'We could not parse the JSON body of your request.')
  return endpoints[route.name].reply(asked, script)
}

function refuseTurn({ family, mint }: Turn, status: number, message: string): Reply {
  return refuse(ERROR_FORMS[family], { kind: 'bad-request', status, message }, mint)
}

function readAsked(body: Buffer | 'too-large', { request }: Exchange, mint: Mint): Asked | undefined {
  if (body === 'too-large') return undefined
  const parsed = parseJson(body.toString())
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  return { body: parsed.value, headers: flatHeaders(request.headers), mint }
}

function flatHeaders(headers: NodeJS.Dict<string | string[]>): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

function headersOf({ family, mint }: Turn): Readonly<Record<string, string>> {
  return { [ERROR_FORMS[family].requestIdHeader]: requestIdOf(mint) }
}

function requestIdOf(mint: Mint): string {
  return `req_sim_${mint.serial}`
}
