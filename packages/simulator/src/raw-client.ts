// A bare TCP client for tests: shows exactly what came over the wire and how the connection ended.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RawAnswer {
  readonly text: string
  readonly bytes: Buffer
  readonly end: 'fin' | 'reset' | 'open'
}

/** Sends one POST and reads until the connection ends, or until nothing has come for `idleMs`. */
export async function rawPost(
  port: number,
  path: string,
  body: object,
  options: { readonly idleMs?: number; readonly headers?: string } = {},
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(postText(path, body, options.headers))
  return readAnswer(socket, options.idleMs ?? 400)
}

export function postText(path: string, body: object, headers = ''): string {
  const text = JSON.stringify(body)
  return `POST ${path} HTTP/1.1\r\nhost: sim\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

export async function readAnswer(socket: Socket, idleMs: number): Promise<RawAnswer> {
  const chunks: Buffer[] = []
  let end: RawAnswer['end'] = 'open'
  let lastMs = Date.now()
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    lastMs = Date.now()
  })
  socket.on('end', () => {
    end = 'fin'
  })
  socket.on('error', () => {
    end = 'reset'
  })
  const isOpen = () => end === 'open'
  while (isOpen() && Date.now() - lastMs < idleMs) await sleep(10)
  socket.destroy()
  const bytes = Buffer.concat(chunks)
  return { text: bytes.toString(), bytes, end }
}

/** Waits until a claim holds; fails loudly when it never does. */
export async function until(claim: () => boolean): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 10) {
    if (claim()) return
    await sleep(10)
  }
  throw new Error(`Never became true: ${claim.toString()}`)
}
