// What of a request goes on the wire: a head that no value can break out of, and how its body is framed.
import { isField } from '../bytes/http-head.ts'
import type { UpstreamRequest } from './transport.ts'

const plainPath = /^[\x21-\x7e]+$/

/** Bytes up to which a body travels in one write with its head: beyond it copying costs more than a second buffer. */
const joinedBytes = 16 * 1024

export type RequestBytes =
  | { readonly kind: 'joined'; readonly text: string }
  | { readonly kind: 'apart'; readonly head: string; readonly pieces: readonly Uint8Array[] }

/**
 * @param closes asks the upstream to close the connection behind its answer.
 * @returns undefined where a path or a header has what HTTP/1.1 does not allow there.
 */
export function requestBytes(request: UpstreamRequest, host: string, closes: boolean): RequestBytes | undefined {
  const { method, path, headers, stream, body } = request
  if (!plainPath.test(path)) return undefined
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${closes ? 'close' : 'keep-alive'}\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (!isField(name, value)) return undefined
    // A stream that had to be inflated could not be passed on as it comes.
    if (stream && name === 'accept-encoding') continue
    head += `${name}: ${value}\r\n`
  }
  if (stream || headers['accept-encoding'] === undefined) head += 'accept-encoding: identity\r\n'
  const pieces = body === undefined ? [] : body instanceof Uint8Array ? [body] : body
  let length = 0
  for (const piece of pieces) length += piece.length
  if (body !== undefined || method === 'POST') head += `content-length: ${length}\r\n`
  head += '\r\n'
  if (length > joinedBytes) return { kind: 'apart', head, pieces }
  for (const piece of pieces) head += viewOf(piece).toString('latin1')
  return { kind: 'joined', text: head }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
