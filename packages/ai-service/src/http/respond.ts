// Writes answers that are whole: one head, one body, one system call where Node can.
import type { ServerResponse } from 'node:http'

export function writeWhole(
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: Uint8Array | string,
  contentType = 'application/json',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, [...headers, 'content-type', contentType, 'content-length', String(length)])
  response.end(body)
}
