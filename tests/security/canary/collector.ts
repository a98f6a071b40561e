// A receiver of traces that keeps what it gets, and now and then answers with the token that it was sent.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { planted } from './secrets.ts'

export interface Collector {
  readonly url: string
  /** Bodies as they came. */
  text(): string
  /** Whether the token came in its header: otherwise it was never in danger. */
  hasToken(): boolean
  close(): void
}

export async function startCollector(): Promise<Collector> {
  const bodies: string[] = []
  let hasToken = false
  const server = createServer((request, response) => {
    const sent = request.headers.authorization ?? ''
    hasToken ||= sent === `Bearer ${planted.otlpToken.value}`
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => void pieces.push(piece))
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces).toString())
      const headers = { 'content-type': 'application/json', 'retry-after-ms': '1', 'x-debug': sent }
      const errorMessage = `not taken: ${sent} ${planted.otlpToken.value}`
      if (bodies.length % 5 === 1) response.writeHead(503, headers).end(JSON.stringify({ message: errorMessage }))
      else if (bodies.length % 5 === 2) response.writeHead(400, headers).end(errorMessage)
      else
        response.writeHead(200, headers).end(JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage } }))
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    text: () => bodies.join('\n'),
    hasToken: () => hasToken,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
