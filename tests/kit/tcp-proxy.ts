// A TCP proxy between a client and a server that a test can cut, or make deaf for answers.
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Once a client has sent this text: the server gets it, and its answer and all that follows are lost. */
  loseAnswerTo(text: string | undefined): void
  close(): Promise<void>
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let trigger: string | undefined
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    let isDeaf = false
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk: Buffer) => {
      if (trigger !== undefined && chunk.includes(trigger)) isDeaf = true
      target.write(chunk)
    })
    target.on('data', (chunk: Buffer) => {
      if (!isDeaf) client.write(chunk)
      // The server has answered, so that it has done what it was asked; nobody hears of it.
      else client.destroy()
    })
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: portOf(server),
    loseAnswerTo(text) {
      trigger = text
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
