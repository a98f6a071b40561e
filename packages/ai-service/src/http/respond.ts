// Writes answers that are whole: one head, one body, one system call where that is possible.
import type { HttpResponse } from './http-response.ts'

/** @param headers names and values in turn; the content type is added to it, the length by the response. */
export function writeWhole(
  response: HttpResponse,
  status: number,
  headers: string[],
  body: Uint8Array | string,
  contentType = 'application/json',
): void {
  headers.push('content-type', contentType)
  response.sendWhole(status, headers, body)
}
