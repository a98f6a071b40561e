// The floor for Node: node:http in front, undici behind, bytes piped through, and nothing looked at.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const [port, upstream] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 1024, allowH2: false, headersTimeout: 0, bodyTimeout: 0 })

const server = createServer({ noDelay: true, requestTimeout: 0 }, (request, response) => {
  pipe(request, response).catch(() => response.destroy())
})
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 2048 })

async function pipe(request, response) {
  const { 'content-type': type, 'content-length': length, authorization } = request.headers
  await pool.stream(
    {
      method: request.method,
      path: request.url,
      headers: {
        'content-type': type,
        'content-length': length,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: request,
    },
    ({ statusCode, headers }) => {
      delete headers.connection
      delete headers['keep-alive']
      delete headers['transfer-encoding']
      response.writeHead(statusCode, headers)
      response.flushHeaders()
      return response
    },
  )
}
