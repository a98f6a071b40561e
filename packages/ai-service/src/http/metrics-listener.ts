// The metrics listener: /metrics and nothing else.
import { createServer, type Server } from 'node:http'
import { writeWhole } from './respond.ts'

export function createMetricsListener(
  render: () => Promise<{ readonly contentType: string; readonly body: string }>,
): Server {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      writeWhole(response, 404, [], 'This listener serves GET /metrics.\n', 'text/plain; charset=utf-8')
      return
    }
    render().then(
      ({ body, contentType }) => writeWhole(response, 200, [], body, contentType),
      () => writeWhole(response, 500, [], 'Metrics could not be rendered.\n', 'text/plain; charset=utf-8'),
    )
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 10_000
  server.maxConnections = 64
  return server
}
