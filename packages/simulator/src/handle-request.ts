// One request from its head to the end of its body; answer-request.ts goes on from there.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AnswerParts, answerRequest } from './answer-request.ts'
import { createExchange } from './exchange.ts'
import { readBody } from './read-body.ts'
import type { RequestRing } from './recorded-requests.ts'
import { findRoute, isPlain } from './routes.ts'
import type { SocketBook } from './socket-book.ts'

export interface HandlerParts extends AnswerParts {
  readonly ring: RequestRing
  readonly sockets: SocketBook
  readonly records: boolean
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

export function createHandler(parts: HandlerParts): RequestHandler {
  return (request, response) => {
    handle(parts, request, response).catch((error: unknown) => {
      // The usual reason is a client that left, which ends every wait; nothing else may take the server down either.
      if (response.headersSent || response.destroyed) response.destroy()
      else
        response
          .writeHead(500, { 'content-type': 'text/plain' })
          .end(`simulator: ${error instanceof Error ? error.message : 'failed'}`)
    })
  }
}

async function handle(parts: HandlerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { queue, ring, sockets, records } = parts
  const route = findRoute(request.method ?? '', request.url ?? '')
  const recording = records ? ring.record(request, sockets.idOf(request)) : undefined
  const onLeft = () => {
    if (!sockets.isClosing()) recording?.markAborted()
  }
  const exchange = createExchange({ request, response, socket: sockets.tcpSocketOf(request), onLeft })
  // On a kept connection this reset cannot come with the connection; the head of the request is the earliest moment left.
  if (!isPlain(route) && queue.takeConnectReset()) return exchange.resetNow()
  const body = await readBody(request)
  if (body !== 'too-large') recording?.keepBody(body)
  await answerRequest(parts, { exchange, route, body, recorded: recording?.request })
}
