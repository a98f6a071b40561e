// Writes answers that are whole: one head, one body, one system call where Node can.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { writeInBurst } from './answer-burst.ts'

/** Up to here a body travels as text with its head, in one buffer and one write; beyond it copying costs more than it saves. */
const joinedBytes = 16 * 1024

/** @param headers names and values in turn; content type and length are added to it. */
export function writeWhole(
  response: ServerResponse,
  status: number,
  headers: string[],
  body: Uint8Array | string,
  contentType = 'application/json',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  headers.push('content-type', contentType, 'content-length', String(length))
  if (typeof body !== 'string' && length <= joinedBytes) {
    // As text, head and body go out as one string.
    const text = viewOf(body).toString('latin1')
    writeInBurst(() => {
      // Its client may have left in the meantime.
      if (!response.destroyed) response.writeHead(status, headers).end(text, 'latin1')
    })
    return
  }
  response.writeHead(status, headers)
  response.end(body)
}

/** How long, and for how many bytes, a client may go on sending a body that was refused. */
const lingering = { ms: 1_000, bytes: 4 * 1_024 * 1_024 } as const

/**
 * As `writeWhole`, for a request whose body is not wanted. Closing on unread bytes resets the connection, and the reset
 * takes the answer with it: so some of the rest is read and dropped, and the connection closed a while later.
 */
export function writeRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: string[],
  body: Uint8Array,
): void {
  if (request.complete) return writeWhole(response, status, headers, body)
  const length = String(body.length)
  const head = [...headers, 'content-type', 'application/json', 'content-length', length]
  response.writeHead(status, head)
  response.write(body)
  let dropped = 0
  const finish = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(finish, lingering.ms)
  request.on('end', finish).on('close', finish)
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length
    // Who pours on is held up, and has until the timer to read the answer.
    if (dropped > lingering.bytes) request.pause()
  })
  request.resume()
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
