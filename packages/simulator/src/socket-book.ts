// Knows every connection: how many there are, which one a request came on, and the TCP socket below TLS.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

export interface SocketBook {
  add(socket: Socket): void
  open(): number
  total(): number
  /** The TCP socket of a request, also where TLS lies between. */
  tcpSocketOf(request: IncomingMessage): Socket
  /** Counts from 1; the same number is the same connection. */
  idOf(request: IncomingMessage): number
  destroyAll(): void
  isClosing(): boolean
}

interface Entry {
  readonly socket: Socket
  readonly id: number
}

export function createSocketBook(): SocketBook {
  // A TLS socket does not give away the TCP socket below it, but both know the peer's address and port.
  const byPeer = new Map<string, Entry>()
  let total = 0
  let closing = false
  const entryOf = (request: IncomingMessage) => byPeer.get(peerOf(request.socket))
  return {
    add: (socket) => {
      total += 1
      const peer = peerOf(socket)
      const entry = { socket, id: total }
      byPeer.set(peer, entry)
      socket.once('close', () => {
        // The peer's port may already belong to a newer connection.
        if (byPeer.get(peer) === entry) byPeer.delete(peer)
      })
    },
    open: () => byPeer.size,
    total: () => total,
    tcpSocketOf: (request) => entryOf(request)?.socket ?? request.socket,
    idOf: (request) => entryOf(request)?.id ?? 0,
    destroyAll: () => {
      closing = true
      for (const { socket } of byPeer.values()) socket.destroy()
      byPeer.clear()
    },
    isClosing: () => closing,
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
