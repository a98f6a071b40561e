// Faults that end an answer before its end: resets, cuts, silence, and the answer nobody asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import type { CutBehaviour, HalfOpenBehaviour, ResetBehaviour, UnsolicitedBehaviour } from './behaviour.ts'
import type { Reply } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { EVENT_STREAM, type ReplyHeaders, sendReply } from './send-reply.ts'

// A reset discards what the kernel has not sent yet, so what was to arrive gets this long to leave.
const BEFORE_RESET_MS = 20

export async function reset(
  exchange: Exchange,
  behaviour: ResetBehaviour,
  headers: ReplyHeaders,
  reply: Reply,
): Promise<void> {
  if (behaviour.at === 'body') {
    const text = reply.kind === 'whole' ? JSON.stringify(reply.body) : reply.frames.join('')
    writeHeadOf(exchange, reply, headers)
    exchange.response.flushHeaders()
    const sent = Buffer.from(text).subarray(0, behaviour.afterBytes ?? 0)
    if (sent.length > 0) await exchange.write(sent)
    await sleep(BEFORE_RESET_MS)
  }
  exchange.resetNow()
}

export async function cutShort(
  exchange: Exchange,
  behaviour: CutBehaviour,
  headers: ReplyHeaders,
  reply: Reply,
): Promise<void> {
  const how = behaviour.how ?? 'fin'
  const { whole, part } = splitAt(reply, behaviour.afterEvents, behaviour.midEvent ?? false)
  await exchange.wait(behaviour.answer?.firstByteMs ?? 0)
  if (how === 'close-delimited') {
    exchange.response.removeHeader('transfer-encoding')
    exchange.response.shouldKeepAlive = false
  }
  writeHeadOf(exchange, reply, headers, how === 'fin')
  exchange.response.flushHeaders()
  for (const [index, frame] of whole.entries()) {
    if (index > 0) await exchange.wait(behaviour.answer?.intervalMs ?? 0)
    await exchange.write(frame)
  }
  if (how !== 'fin') return exchange.end(part)
  exchange.own()
  if (reply.kind === 'whole') exchange.response.write(part)
  // A chunk that promises more than comes: the end falls inside the HTTP framing too.
  else exchange.response.socket?.write(`${(Buffer.byteLength(part) + 512).toString(16)}\r\n${part}`)
  exchange.response.socket?.end()
}

export async function halfOpen(
  exchange: Exchange,
  behaviour: HalfOpenBehaviour,
  headers: ReplyHeaders,
  reply: Reply,
): Promise<void> {
  const { whole, part } = splitAt(reply, behaviour.afterEvents, false)
  await exchange.wait(behaviour.answer?.firstByteMs ?? 0)
  writeHeadOf(exchange, reply, headers)
  exchange.response.flushHeaders()
  for (const frame of whole) {
    await exchange.write(frame)
    await exchange.wait(behaviour.answer?.intervalMs ?? 0)
  }
  if (part !== '') await exchange.write(part)
  await exchange.hold()
}

export async function sendUnsolicited(
  exchange: Exchange,
  behaviour: UnsolicitedBehaviour,
  headers: ReplyHeaders,
  reply: Reply,
): Promise<void> {
  const body = JSON.stringify({ unsolicited: behaviour.text ?? 'nobody asked for this' })
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  const { response } = exchange
  const { socket } = response
  response.once('finish', () => socket?.write(head + body))
  await sendReply(exchange, reply, behaviour.answer ?? { kind: 'answer' }, headers)
}

function writeHeadOf(exchange: Exchange, reply: Reply, headers: ReplyHeaders, withLength = true): void {
  if (reply.kind === 'events') {
    exchange.response.writeHead(200, { ...EVENT_STREAM, ...headers })
    return
  }
  const length = { 'content-length': String(Buffer.byteLength(JSON.stringify(reply.body))) }
  exchange.response.writeHead(reply.status, {
    'content-type': 'application/json',
    ...headers,
    ...(withLength ? length : {}),
  })
}

/** Never includes the terminal event; a JSON body counts as one event that is always cut in half. */
function splitAt(
  reply: Reply,
  afterEvents: number | undefined,
  midEvent: boolean,
): { readonly whole: readonly string[]; readonly part: string } {
  if (reply.kind === 'whole') return { whole: [], part: firstHalf(JSON.stringify(reply.body)) }
  const most = reply.frames.length - 1
  const count = Math.min(afterEvents ?? Math.floor(reply.frames.length / 2), most)
  return { whole: reply.frames.slice(0, count), part: midEvent ? firstHalf(reply.frames[count] ?? '') : '' }
}

function firstHalf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}
