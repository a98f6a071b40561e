// Does one behaviour on one exchange; faults that break a connection are in break-connection.ts.
import type {
  AnswerBehaviour,
  Behaviour,
  ErrorInStreamBehaviour,
  GarbageBehaviour,
  RawBehaviour,
  StatusBehaviour,
} from './behaviour.ts'
import { cutShort, halfOpen, reset, sendUnsolicited } from './break-connection.ts'
import type { ErrorForm, SimulatedError } from './dialect.ts'
import type { Reply } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { sendBomb } from './gzip-bomb.ts'
import { EVENT_STREAM, type ReplyHeaders, sendFrames, sendJson, sendReply, sendText } from './send-reply.ts'

export interface Stage {
  readonly exchange: Exchange
  readonly errors: ErrorForm
  readonly requestId: string
  /** The ordinary headers of this endpoint's answers. */
  readonly headers: ReplyHeaders
  reply(script: AnswerBehaviour): Reply
  /** The step of a `script` that is due. */
  stepOf(behaviour: Behaviour & { readonly kind: 'script' }): Behaviour
}

export async function perform(stage: Stage, behaviour: Behaviour): Promise<void> {
  const { exchange, headers } = stage
  switch (behaviour.kind) {
    case 'answer':
      return sendReply(exchange, stage.reply(behaviour), behaviour, headers)
    case 'status':
      return sendStatus(stage, behaviour)
    case 'delay':
      await exchange.wait(behaviour.ms)
      return perform(stage, behaviour.then ?? { kind: 'answer' })
    case 'reset':
      return reset(exchange, behaviour, headers, stage.reply(behaviour.answer ?? { kind: 'answer' }))
    case 'cut':
      return cutShort(exchange, behaviour, headers, stage.reply(behaviour.answer ?? { kind: 'answer' }))
    case 'half-open':
      return halfOpen(exchange, behaviour, headers, stage.reply(behaviour.answer ?? { kind: 'answer' }))
    case 'garbage':
      return sendGarbage(exchange, behaviour)
    case 'error-in-stream':
      return sendErrorInStream(stage, behaviour)
    case 'gzip-bomb':
      return sendBomb(exchange, behaviour, stage.reply({ kind: 'answer' }), headers)
    case 'raw':
      return sendRaw(exchange, behaviour)
    case 'redirect':
      return sendText(exchange, behaviour.status, '', { ...headers, location: behaviour.location })
    case 'script':
      return perform(stage, stage.stepOf(behaviour))
    case 'unsolicited':
      return sendUnsolicited(exchange, behaviour, headers, stage.reply(behaviour.answer ?? { kind: 'answer' }))
    default:
      return behaviour satisfies never
  }
}

function sendStatus(stage: Stage, { status, headers, body }: StatusBehaviour): void {
  const all = { ...stage.headers, ...headers }
  if (typeof body === 'string') return sendText(stage.exchange, status, body, { 'content-type': 'text/plain', ...all })
  sendJson(stage.exchange, status, body ?? stage.errors.writeError(scriptedError(stage, status)), all)
}

function scriptedError({ requestId }: Stage, status: number): SimulatedError {
  return { status, message: `The simulator was asked to answer with status ${status}.`, requestId }
}

async function sendErrorInStream(stage: Stage, behaviour: ErrorInStreamBehaviour): Promise<void> {
  const script = behaviour.answer ?? { kind: 'answer' }
  const reply = stage.reply(script)
  const error = scriptedError(stage, 529)
  if (reply.kind === 'whole') {
    const body =
      behaviour.error === undefined
        ? stage.errors.writeError(error)
        : { ...stage.errors.writeError(error), error: behaviour.error }
    return sendJson(stage.exchange, 200, body, stage.headers)
  }
  const sent = reply.frames.slice(0, behaviour.afterEvents ?? Math.floor(reply.frames.length / 2))
  stage.exchange.response.writeHead(200, { ...EVENT_STREAM, ...stage.headers })
  await sendFrames(
    stage.exchange,
    [...sent, stage.errors.writeErrorEvent(error, behaviour.error)],
    script.intervalMs ?? 0,
  )
  stage.exchange.end()
}

const GARBAGE: Readonly<
  Record<
    Exclude<NonNullable<GarbageBehaviour['what']>, 'not-http' | 'no-content'>,
    readonly [contentType: string, bytes: string | Uint8Array]
  >
> = {
  html: [
    'text/html',
    '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>',
  ],
  empty: ['application/json', ''],
  binary: ['application/octet-stream', Uint8Array.from({ length: 512 }, (_, index) => (index * 151 + 129) % 256)],
  'truncated-json': ['application/json', '{"id":"sim","choices":[{"index":0,"message":{"role":"assis'],
  'wrong-type': ['application/json', '[1,"two",null]'],
}

function sendGarbage(exchange: Exchange, { what = 'html', bytes, status = 200, contentType }: GarbageBehaviour): void {
  if (bytes === undefined && what === 'no-content') {
    exchange.response.writeHead(204)
    return exchange.end()
  }
  if (bytes === undefined && what === 'not-http') {
    exchange.own()
    exchange.response.socket?.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')
    return
  }
  const [usualType, usualBytes] = GARBAGE[what === 'not-http' || what === 'no-content' ? 'html' : what]
  sendText(exchange, status, bytes ?? usualBytes, { 'content-type': contentType ?? usualType })
}

async function sendRaw(exchange: Exchange, behaviour: RawBehaviour): Promise<void> {
  const pieces = piecesOf(behaviour)
  const { response } = exchange
  if (behaviour.closeDelimited === true) {
    // Node's way to a body that ends with the connection: neither length nor chunks.
    response.removeHeader('transfer-encoding')
    response.shouldKeepAlive = false
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  response.writeHead(behaviour.status, {
    ...behaviour.headers,
    ...(behaviour.contentLength === true ? { 'content-length': String(length) } : {}),
  })
  response.flushHeaders()
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await exchange.wait(behaviour.intervalMs ?? 0)
    await exchange.write(piece)
  }
  exchange.end()
}

function piecesOf({ chunks, splitEveryBytes }: RawBehaviour): readonly Buffer[] {
  const buffers = chunks.map((chunk) => Buffer.from(chunk))
  if (splitEveryBytes === undefined) return buffers
  const all = Buffer.concat(buffers)
  const size = Math.max(1, splitEveryBytes)
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.subarray(index * size, (index + 1) * size),
  )
}
