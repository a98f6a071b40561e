// Speaks HTTP by hand over one TCP connection: exactly these bytes out, everything that comes back kept.
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface RawConnection {
  readonly socket: Socket
  /** All bytes so far, one letter each. */
  text(): string
  write(bytes: string | Uint8Array): void
  /** Resolves when the other side has closed, or after `ms`. True where it closed. */
  closed(ms?: number): Promise<boolean>
  /** Resolves once `isMet` holds for the text so far. @throws after `ms`. */
  until(isMet: (text: string) => boolean, ms?: number): Promise<string>
  destroy(): void
}

/** @param url `http://host:port` */
export function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let isClosed = false
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    tell()
  })
  socket.on('close', () => {
    isClosed = true
    tell()
  })
  // What was received before a reset stays; the close that follows is what tests look at.
  socket.on('error', () => undefined)
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  const wait = (isDone: () => boolean, ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isDone()) return
        finish(true)
      }
      const finish = (done: boolean): void => {
        clearTimeout(timer)
        listeners.delete(look)
        resolve(done)
      }
      const timer = setTimeout(() => finish(isDone()), ms)
      listeners.add(look)
      look()
    })
  const connection: RawConnection = {
    socket,
    text,
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes)
    },
    closed: (ms = 10_000) => wait(() => isClosed, ms),
    async until(isMet, ms = 10_000) {
      const met = await wait(() => isMet(text()) || isClosed, ms)
      if (!met || !isMet(text())) throw new Error(`Not met (closed: ${isClosed}); so far: ${text().slice(0, 2_000)}`)
      return text()
    },
    destroy: () => socket.destroy(),
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(connection))
    socket.once('error', reject)
  })
}

/** Sends bytes on a connection of their own and gives back every answer once the other side closed, or after `ms`. */
export async function exchangeRaw(url: string, bytes: string | Uint8Array, ms = 3_000): Promise<readonly RawAnswer[]> {
  const connection = await openRaw(url)
  connection.write(bytes)
  await connection.closed(ms)
  connection.destroy()
  return answersIn(connection.text())
}

/** Complete answers with a content-length or chunks; what is left over becomes an answer of status 0. */
export function answersIn(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(rest)?.[1]
    if (end === -1 || status === undefined) return [...answers, { status: 0, headers: {}, body: rest }]
    const headers = headersOf(rest.slice(0, end))
    const behind = rest.slice(end + 4)
    const { body, taken } = headers['transfer-encoding'] === 'chunked' ? chunked(behind) : plain(behind, headers)
    if (Number(status) >= 200) answers.push({ status: Number(status), headers, body })
    rest = behind.slice(taken)
  }
  return answers
}

function headersOf(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1)
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
}

function plain(text: string, headers: Readonly<Record<string, string>>): { body: string; taken: number } {
  const length = Number(headers['content-length'] ?? 0)
  return { body: text.slice(0, length), taken: Math.min(length, text.length) }
}

function chunked(text: string): { body: string; taken: number } {
  let at = 0
  let body = ''
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(text.slice(at, lineEnd), 16)
    if (Number.isNaN(size)) return { body, taken: text.length }
    if (size === 0) return { body, taken: lineEnd + 4 }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}
