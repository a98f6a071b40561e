// Stands before an HTTP service and breaks what passes: refuses, falls silent, cuts, loses answers, spoils bytes.
import { createServer, type IncomingMessage, request as send, type Server, type ServerResponse } from 'node:http'

export interface PassingRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly bodyBytes: number
}

export type Fault =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** No answer, ever. */
  | { readonly kind: 'silence' }
  /** The connection is reset once so many bytes of the body have come. */
  | { readonly kind: 'cut-body'; readonly afterBytes: number }
  /** The service does what it was asked; its answer never arrives. */
  | { readonly kind: 'lose-answer' }
  /** One bit of the answer's body is flipped, at this byte. */
  | { readonly kind: 'spoil-answer'; readonly at: number }

export interface FaultProxy {
  readonly url: string
  /** What the next requests get; undefined passes them on. */
  fault: (request: PassingRequest) => Fault | undefined
  readonly seen: readonly PassingRequest[]
  stop(): Promise<void>
}

export async function startFaultProxy(target: { readonly port: number }): Promise<FaultProxy> {
  const seen: PassingRequest[] = []
  const proxy = { fault: (_: PassingRequest): Fault | undefined => undefined }
  const server = createServer((request, response) => {
    const passing = {
      method: request.method ?? '',
      url: request.url ?? '',
      bodyBytes: Number(request.headers['content-length'] ?? 0),
    }
    seen.push(passing)
    handle(proxy.fault(passing), request, response, target.port)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(proxy, { url: urlOf(server), seen, stop: () => stop(server) })
}

function handle(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse, port: number): void {
  if (fault?.kind === 'silence') return void request.resume()
  if (fault?.kind === 'cut-body') return cutBody(request, fault.afterBytes)
  if (fault?.kind === 'answer') {
    request.resume().once('end', () => {
      response.writeHead(fault.status, { 'content-type': 'application/xml' }).end(fault.body)
    })
    return
  }
  const { expect: _, ...headers } = request.headers
  const options = {
    port,
    host: '127.0.0.1',
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers,
    setHost: false,
  }
  const onward = send(options, (answer) => {
    if (fault?.kind === 'lose-answer') return void answer.resume().once('end', () => request.socket.destroy())
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (fault?.kind === 'spoil-answer') return spoil(answer, response, fault.at)
    answer.pipe(response)
  })
  onward.once('error', () => request.socket.destroy())
  response.once('close', () => onward.destroy())
  request.pipe(onward)
}

function cutBody(request: IncomingMessage, afterBytes: number): void {
  if (afterBytes === 0) return void request.socket.resetAndDestroy()
  let bytes = 0
  request.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes >= afterBytes) request.socket.resetAndDestroy()
  })
}

function spoil(answer: IncomingMessage, response: ServerResponse, at: number): void {
  let passed = 0
  answer.on('data', (piece: Buffer) => {
    if (at >= passed && at < passed + piece.length) piece[at - passed] = (piece[at - passed] ?? 0) ^ 1
    passed += piece.length
    response.write(piece)
  })
  answer.once('end', () => response.end())
}

function urlOf(server: Server): string {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
