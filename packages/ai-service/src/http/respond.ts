// Writes answers that are whole: one head, one body, one system call where Node can.
import type { ServerResponse } from 'node:http'

/** Up to here a body travels as text with its head, in one buffer and one write; beyond it copying costs more than it saves. */
const joinedBytes = 16 * 1024

/** @param headers names and values in turn; content type and length are added to it. */
export function writeWhole(
  response: ServerResponse,
  status: number,
  headers: string[],
  body: Buffer | string,
  contentType = 'application/json',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  headers.push('content-type', contentType, 'content-length', String(length))
  response.writeHead(status, headers)
  if (typeof body === 'string') response.end(body)
  else if (length <= joinedBytes) response.end(body.toString('latin1'), 'latin1')
  else response.end(body)
}
