// Writes a piece of a chunked answer as one string and one system call, where Node would make four buffers of it.
//
// It relies on what HTTP/1.1 says and on nothing of Node's inside: once the head is out, the bytes of a chunked body on
// the response's own socket are the body. `response.end()` still ends it.
import type { ServerResponse } from 'node:http'

/** Larger pieces are written as they are: turning them into text would copy more than it saves. */
const textBytes = 16 * 1024

/** As `response.write`: false asks to wait for `drain`, on the response or on its socket. */
export function writeChunk(response: ServerResponse, bytes: Buffer): boolean {
  const { socket } = response
  // No socket yet (another answer is before this one), no chunks (HTTP/1.0), or something of Node's still to go out.
  const isPlain = socket !== null && response.chunkedEncoding && response.writableLength === 0 && response.headersSent
  if (!isPlain || bytes.length > textBytes || bytes.length === 0) return response.write(bytes)
  return socket.write(`${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`, 'latin1')
}
