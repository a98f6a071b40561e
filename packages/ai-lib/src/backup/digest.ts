// Counts and hashes a stream while it passes.
import { createHash } from 'node:crypto'

export interface Digest {
  readonly bytes: number
  readonly sha256: string
}

export interface Tap {
  readonly stream: AsyncIterable<Uint8Array>
  /** Of all that has passed; call it once, when the stream is over. */
  digest(): Digest
}

export function tap(content: AsyncIterable<Uint8Array>): Tap {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    stream: (async function* () {
      for await (const piece of content) {
        hash.update(piece)
        bytes += piece.length
        yield piece
      }
    })(),
    digest: () => ({ bytes, sha256: hash.digest('hex') }),
  }
}

/** Reads to the end. */
export async function digestOf(content: AsyncIterable<Uint8Array>): Promise<Digest> {
  const tapped = tap(content)
  for await (const _ of tapped.stream);
  return tapped.digest()
}

/** Everything in one piece. @throws RangeError beyond `maxBytes`. */
export async function gather(content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of content) {
    bytes += piece.length
    if (bytes > maxBytes) throw new RangeError(`More than ${maxBytes} bytes.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
