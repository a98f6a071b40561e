// Sends a well-formed reply: a JSON body with its length, or a stream of events at the asked pace.
import type { AnswerBehaviour } from './behaviour.ts'
import type { Reply } from './endpoint.ts'
import type { Exchange } from './exchange.ts'

export type ReplyHeaders = Readonly<Record<string, string>>

export const EVENT_STREAM: ReplyHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
}

export async function sendReply(
  exchange: Exchange,
  reply: Reply,
  script: AnswerBehaviour,
  headers: ReplyHeaders,
): Promise<void> {
  await exchange.wait(script.firstByteMs ?? 0)
  const all = { ...headers, ...script.headers }
  if (reply.kind === 'whole') return sendJson(exchange, reply.status, reply.body, all)
  exchange.response.writeHead(200, { ...EVENT_STREAM, ...all })
  await sendFrames(exchange, reply.frames, script.intervalMs ?? 0)
  exchange.end()
}

export async function sendFrames(exchange: Exchange, frames: readonly string[], intervalMs: number): Promise<void> {
  exchange.response.flushHeaders()
  for (const [index, frame] of frames.entries()) {
    if (index > 0) await exchange.wait(intervalMs)
    await exchange.write(frame)
  }
}

export function sendJson(exchange: Exchange, status: number, body: object, headers: ReplyHeaders): void {
  sendText(exchange, status, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

export function sendText(exchange: Exchange, status: number, text: string | Uint8Array, headers: ReplyHeaders): void {
  exchange.response.writeHead(status, { 'content-length': String(Buffer.byteLength(text)), ...headers })
  exchange.end(text)
}
