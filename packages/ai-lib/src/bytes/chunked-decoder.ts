// Takes the chunks out of a chunked body, incrementally, and refuses every spelling that two readers could read differently.
import { isFieldSection } from './http-head.ts'

/** Bytes of one size line with its extensions, and of all trailers together. */
const maxLineBytes = 1_024
const maxTrailerBytes = 8_192
const maxSizeDigits = 12

const sizeLine = /^([0-9A-Fa-f]+)(?:;[!#$%&'*+.^_`|~0-9A-Za-z-][\t\x20-\x7e]*)?\r\n$/

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'done' | 'malformed'

/**
 * `step` takes bytes until there is a piece of the body, so that a reader can stop between two pieces. Extensions and
 * trailers are checked and dropped.
 */
export class ChunkedDecoder {
  #state: State = 'size'
  #left = 0
  #line = ''
  #trailerBytes = 0
  /** What the last step found; a view of the chunk. */
  piece: Buffer | undefined

  get state(): 'open' | 'done' | 'malformed' {
    return this.#state === 'done' || this.#state === 'malformed' ? this.#state : 'open'
  }

  /** @returns where the next byte lies; nothing is taken once the body is done or malformed. */
  step(chunk: Buffer, from: number): number {
    this.piece = undefined
    let at = from
    while (at < chunk.length && this.piece === undefined && this.#state !== 'done' && this.#state !== 'malformed') {
      at = this.#state === 'data' ? this.#data(chunk, at) : this.#readLine(chunk, at)
    }
    return at
  }

  #data(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.piece = chunk.subarray(at, end)
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'data-end'
    return end
  }

  #readLine(chunk: Buffer, at: number): number {
    const feed = chunk.indexOf(0x0a, at)
    const end = feed === -1 ? chunk.length : feed + 1
    const maxBytes = this.#state === 'trailer' ? maxTrailerBytes : maxLineBytes
    const line = chunk.toString('latin1', at, Math.min(end, at + maxBytes + 1))
    this.#line = this.#line === '' ? line : this.#line + line
    if (this.#line.length > maxBytes) this.#state = 'malformed'
    else if (feed !== -1) this.#endLine()
    return end
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ''
    switch (this.#state) {
      case 'size':
        return this.#size(line)
      case 'data-end':
        this.#state = line === '\r\n' ? 'size' : 'malformed'
        return
      case 'trailer':
        return this.#trailer(line)
      case 'data':
      case 'done':
      case 'malformed':
        return
    }
  }

  #size(line: string): void {
    const digits = sizeLine.exec(line)?.[1]
    if (digits === undefined || digits.length > maxSizeDigits) this.#state = 'malformed'
    else {
      this.#left = Number.parseInt(digits, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'data'
    }
  }

  #trailer(line: string): void {
    this.#trailerBytes += line.length
    if (line === '\r\n') this.#state = 'done'
    else if (this.#trailerBytes > maxTrailerBytes || !isFieldSection(line)) this.#state = 'malformed'
  }
}
