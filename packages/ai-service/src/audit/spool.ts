// A file of records that the database could not take: synced before they count as written, replayed in order.
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

/** The spool has no room: the trail fails closed. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull'
}

const chunkBytes = 256 * 1024

export class Spool {
  readonly #file: number
  readonly #maxBytes: number
  #bytes: number
  /** Up to here the database has everything. */
  #replayed = 0

  /** @throws where the file cannot be made. */
  constructor(path: string, maxBytes: number) {
    closeSync(openSync(path, 'a', 0o600))
    this.#file = openSync(path, 'r+')
    this.#maxBytes = maxBytes
    this.#bytes = this.#wholeLines()
    ftruncateSync(this.#file, this.#bytes)
  }

  get isEmpty(): boolean {
    return this.#replayed >= this.#bytes
  }

  /** On disk when it returns. @throws SpoolFull, or what the file system says; nothing is kept of the lines then. */
  append(lines: readonly string[]): void {
    const text = Buffer.from(`${lines.join('\n')}\n`)
    if (this.#bytes + text.length > this.#maxBytes)
      throw new SpoolFull(`The spool of the audit trail holds its ${this.#maxBytes} bytes.`)
    try {
      writeAll(this.#file, text, this.#bytes)
      fdatasyncSync(this.#file)
    } catch (thrown) {
      // What was written of it must not be taken for records later.
      ftruncateSync(this.#file, this.#bytes)
      throw thrown
    }
    this.#bytes += text.length
  }

  /** The next lines that the database does not have, and what to call once it has them. */
  next(): { readonly lines: readonly string[]; done(): void } {
    const { lines, end } = this.#read(this.#replayed)
    return {
      lines,
      done: () => {
        this.#replayed = end
        if (this.isEmpty) this.#clear()
      },
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #clear(): void {
    ftruncateSync(this.#file, 0)
    this.#bytes = 0
    this.#replayed = 0
  }

  // One line may be larger than a chunk: then more is read until it is whole.
  #read(from: number): { readonly lines: string[]; readonly end: number } {
    for (let size = chunkBytes; ; size *= 2) {
      const length = Math.min(size, this.#bytes - from)
      const chunk = Buffer.alloc(length)
      readSync(this.#file, chunk, 0, length, from)
      const last = chunk.lastIndexOf(0x0a)
      if (last === -1 && from + length < this.#bytes) continue
      if (last === -1) return { lines: [], end: this.#bytes }
      return { lines: chunk.toString('utf8', 0, last).split('\n'), end: from + last + 1 }
    }
  }

  // A line without its end was being written when the process was killed: nobody was told that it is on disk.
  #wholeLines(): number {
    const { size } = fstatSync(this.#file)
    for (let end = size; end > 0; ) {
      const length = Math.min(chunkBytes, end)
      const chunk = Buffer.alloc(length)
      readSync(this.#file, chunk, 0, length, end - length)
      const last = chunk.lastIndexOf(0x0a)
      if (last !== -1) return end - length + last + 1
      end -= length
    }
    return 0
  }
}

function writeAll(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}
