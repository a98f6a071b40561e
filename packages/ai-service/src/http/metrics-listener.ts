// The metrics listener: /metrics and nothing else.
import { createHttpListener, type HttpListener } from './http-listener.ts'
import { writeWhole } from './respond.ts'

const bounds = { headersMs: 10_000, keepAliveMs: 75_000, maxConnections: 64 } as const

export function createMetricsListener(
  render: () => Promise<{ readonly contentType: string; readonly body: string }>,
): HttpListener {
  return createHttpListener(bounds, (request, response) => {
    if (request.method !== 'GET' || request.url.split('?', 1)[0] !== '/metrics') {
      writeWhole(response, 404, [], 'This listener serves GET /metrics.\n', 'text/plain; charset=utf-8')
      return
    }
    render().then(
      ({ body, contentType }) => writeWhole(response, 200, [], body, contentType),
      () => writeWhole(response, 500, [], 'Metrics could not be rendered.\n', 'text/plain; charset=utf-8'),
    )
  })
}
