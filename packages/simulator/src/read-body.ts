// Collects a request body up to a bound.
import type { IncomingMessage } from 'node:http'

export const MAX_BODY_BYTES = 256 * 1024 * 1024

/** `too-large` leaves the rest unread: the connection is of no further use then. Rejects where the client leaves. */
export function readBody(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BODY_BYTES) {
        request.pause()
        resolve('too-large')
      }
    })
    request.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    )
    request.once('error', reject)
    request.once('close', () => {
      if (!request.complete) reject(new Error('The client left before its request was whole.'))
    })
  })
}
