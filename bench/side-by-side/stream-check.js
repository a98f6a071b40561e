// Reads one chunked HTTP answer that is an event stream, and says whether it is whole: status, frames, terminal event, last chunk.

const lineFeed = 0x0a

/** Push the socket's bytes; `isOver` once the last HTTP chunk is read. */
export class StreamCheck {
  frames = 0
  isOver = false
  #state = 'head'
  #line = ''
  #left = 0
  #status = 0
  #chunked = false
  #previous = 0
  #tail = ''

  push(bytes) {
    let at = 0
    while (at < bytes.length && !this.isOver)
      at = this.#state === 'data' ? this.#data(bytes, at) : this.#text(bytes, at)
  }

  /** What is wrong with the stream, `undefined` where it is whole. */
  fault(expectedFrames) {
    if (this.#status !== 200) return `status ${this.#status}`
    if (!this.#chunked) return 'not chunked'
    if (!this.isOver) return `cut after ${this.frames} frames`
    if (this.#tail !== 'data: [DONE]\n\n') return 'no [DONE] at its end'
    return this.frames === expectedFrames ? undefined : `${this.frames} frames instead of ${expectedFrames}`
  }

  #data(bytes, at) {
    const end = Math.min(bytes.length, at + this.#left)
    this.#countFrames(bytes, at, end)
    this.#tail = (this.#tail + bytes.latin1Slice(Math.max(at, end - 14), end)).slice(-14)
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'chunk-end'
    return end
  }

  // A frame ends with two line feeds, which may lie in two chunks.
  #countFrames(bytes, start, end) {
    for (let at = bytes.indexOf(lineFeed, start); at !== -1 && at < end; at = bytes.indexOf(lineFeed, at + 1))
      if ((at === start ? this.#previous : bytes[at - 1]) === lineFeed) this.frames += 1
    this.#previous = bytes[end - 1]
  }

  #text(bytes, at) {
    const end = bytes.indexOf(lineFeed, at)
    this.#line += bytes.latin1Slice(at, end === -1 ? bytes.length : end + 1)
    if (end === -1) return bytes.length
    const line = this.#line.trimEnd()
    this.#line = ''
    this.#take(line)
    return end + 1
  }

  #take(line) {
    if (this.#state === 'head') this.#headLine(line)
    else if (this.#state === 'chunk-end') this.#state = 'size'
    else if (this.#state === 'size') {
      this.#left = Number.parseInt(line, 16)
      this.#state = this.#left === 0 ? 'last' : 'data'
    } else this.isOver = true
  }

  #headLine(line) {
    if (this.#status === 0) this.#status = Number(line.split(' ')[1])
    else if (/^transfer-encoding: *chunked$/i.test(line)) this.#chunked = true
    else if (line === '' && this.#chunked && this.#status === 200) this.#state = 'size'
    else if (line === '') this.isOver = true
  }
}
