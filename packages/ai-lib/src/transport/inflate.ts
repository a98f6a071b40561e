// Undoes a whole answer's content-encoding, counting what comes out: ten megabytes can hold ten gigabytes.
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'

/** More than this many encodings on one answer is refused: every further one multiplies what a bomb can do. */
const maxEncodings = 2

/** The encodings to undo, outermost first; `'refused'` where one is unknown or there are too many. */
export function encodingsOf(header: string | readonly string[] | undefined): readonly string[] | 'refused' {
  if (header === undefined) return []
  const names = (typeof header === 'string' ? header : header.join(','))
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (names.length > maxEncodings || names.some((name) => decoderOf(name) === undefined)) return 'refused'
  return names.reverse()
}

export interface InflateSink {
  data(chunk: Buffer): void
  end(): void
  /** The bytes are not what the header says, or they stop too early. */
  broken(cause: unknown): void
  /** Room again after `write` returned false. */
  drained(): void
}

/** A chain of decoders, pushed into and pausable. After `destroy` the sink hears nothing more. */
export interface Inflater {
  /** False asks the caller to hold back until `drained`. */
  write(chunk: Buffer): boolean
  end(): void
  pause(): void
  resume(): void
  destroy(): void
}

/** Chains a decoder for each encoding. zlib works in its own threads and stops where nobody reads, so a bomb waits. */
export function createInflater(encodings: readonly string[], sink: InflateSink): Inflater {
  const decoders = encodings.map((name) => decoderOf(name)?.()).filter((decoder) => decoder !== undefined)
  const [first, last] = [decoders[0], decoders.at(-1)]
  if (first === undefined || last === undefined) throw new TypeError('nothing to undo')
  let live = true
  let isEmpty = true
  const whileLive = (act: () => void) => () => {
    if (live) act()
  }
  for (const [index, decoder] of decoders.entries()) {
    const next = decoders[index + 1]
    if (next !== undefined) decoder.pipe(next)
    decoder.on('error', (error) => {
      if (live) sink.broken(error)
    })
  }
  first.on(
    'drain',
    whileLive(() => sink.drained()),
  )
  last.on('data', (chunk: Buffer) => {
    if (live) sink.data(chunk)
  })
  last.on(
    'end',
    whileLive(() => sink.end()),
  )
  return {
    write: (chunk) => {
      isEmpty = false
      return first.write(chunk)
    },
    end: () => {
      // No body at all (a 204, say) is not a broken encoding.
      if (isEmpty) sink.end()
      else first.end()
    },
    pause: () => void last.pause(),
    resume: () => void last.resume(),
    destroy: () => {
      live = false
      for (const decoder of decoders) decoder.destroy()
    },
  }
}

function decoderOf(name: string): (() => Transform) | undefined {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip
    case 'deflate':
      return createInflate
    case 'br':
      return createBrotliDecompress
    case 'zstd':
      return createZstdDecompress
    default:
      return undefined
  }
}
