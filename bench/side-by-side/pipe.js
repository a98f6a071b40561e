// Starts the plain pipe, once for each upstream: only one of the two ever works at a time.
import { fileURLToPath } from 'node:url'
import { freePort, gatewayCore, startPinned, untilListening } from './children.js'

const program = fileURLToPath(new URL('plain-pipe.js', import.meta.url))

export async function startPipe({ node, fixedPort, simulatorPort }) {
  const unary = await startOne(node, fixedPort)
  const stream = await startOne(node, simulatorPort)
  return {
    pid: unary.handle.pid,
    streamPid: stream.handle.pid,
    stop: async () => {
      await Promise.all([unary.handle.stop(), stream.handle.stop()])
    },
    unary: { port: unary.port, headers: {}, model: 'bench' },
    stream: { port: stream.port, headers: {}, modelPrefix: '' },
  }
}

async function startOne(node, upstreamPort) {
  const port = await freePort()
  const handle = startPinned(gatewayCore, node, [program, String(port), `http://127.0.0.1:${upstreamPort}`])
  await untilListening(port, 'plain pipe', handle)
  return { port, handle }
}
