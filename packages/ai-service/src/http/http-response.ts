// One answer on its way out: whole in one write, or a head and then chunks.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { isField } from 'ai-lib/internal/bytes/http-head'

/** What an answer tells the connection it goes out on. */
export interface ResponseOwner {
  readonly socket: Socket
  readonly hasWholeRequest: boolean
  /** No request may follow any answer whose head is still to come. */
  readonly isLeaving: boolean
  /** The last byte was written. `closes`: nothing may follow on this connection. */
  responseEnded(closes: boolean): void
}

export interface ResponseTo {
  /** A HEAD request gets the head alone. */
  readonly isHead: boolean
  readonly httpVersion: '1.0' | '1.1'
  /** The client asked for the connection to be closed, or could not keep it. */
  readonly closes: boolean
  /** Seconds that an idle connection stays open, for the client to know. */
  readonly keepAliveSeconds: number
}

/** Up to here a body travels as text with its head, in one buffer and one write; beyond it copying costs more than it saves. */
const joinedBytes = 16 * 1024

type State =
  | 'fresh'
  /** The head is out, the body is written by pieces. */
  | 'streaming'
  | 'ended'
  /** The connection closed before the end. */
  | 'gone'

export class HttpResponse {
  readonly #owner: ResponseOwner
  readonly #to: ResponseTo
  #state: State = 'fresh'
  #isChunked = false
  #closes: boolean
  /** Told once, where the connection closes before the last byte was written. */
  onGone: (() => void) | undefined
  /** There is room again after a write that returned false. */
  onDrain: (() => void) | undefined

  constructor(owner: ResponseOwner, to: ResponseTo) {
    this.#owner = owner
    this.#to = to
    this.#closes = to.closes
  }

  get destroyed(): boolean {
    return this.#state === 'gone'
  }

  get headersSent(): boolean {
    return this.#state !== 'fresh'
  }

  /** Bytes that the client has not taken yet. */
  get waitingBytes(): number {
    return this.#owner.socket.writableLength
  }

  writeContinue(): void {
    if (this.#state === 'fresh') this.#owner.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  /** Head and body, complete. @param headers names and values in turn. */
  sendWhole(status: number, headers: readonly string[], body: Uint8Array | string): void {
    if (this.#state !== 'fresh') return
    const bytes = typeof body === 'string' ? Buffer.from(body) : viewOf(body)
    const { socket } = this.#owner
    const length = bytes.length === 0 && status === 204 ? '' : `content-length: ${bytes.length}\r\n`
    const head = this.#head(status, headers, length)
    if (this.#to.isHead || bytes.length === 0) socket.write(head, 'latin1')
    else if (bytes.length <= joinedBytes) socket.write(head + bytes.toString('latin1'), 'latin1')
    else {
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(bytes)
      socket.uncork()
    }
    this.#ended()
  }

  /** Sends the head at once; the body follows by `write`. */
  startStream(status: number, headers: readonly string[]): void {
    if (this.#state !== 'fresh') return
    // An old client knows no chunks: the end of the connection is the end of the body.
    this.#isChunked = this.#to.httpVersion === '1.1'
    if (!this.#isChunked) this.#closes = true
    this.#state = 'streaming'
    const framing = this.#isChunked ? 'transfer-encoding: chunked\r\n' : ''
    this.#owner.socket.write(this.#head(status, headers, framing), 'latin1')
  }

  /** @returns false where the caller should wait for `onDrain`. */
  write(bytes: Uint8Array): boolean {
    if (this.#state !== 'streaming' || bytes.length === 0 || this.#to.isHead) return true
    const { socket } = this.#owner
    const view = viewOf(bytes)
    if (!this.#isChunked) return socket.write(view)
    const size = `${view.length.toString(16)}\r\n`
    // One string and one system call, where three buffers would be three.
    if (view.length <= joinedBytes) return socket.write(`${size}${view.toString('latin1')}\r\n`, 'latin1')
    socket.cork()
    socket.write(size, 'latin1')
    socket.write(view)
    const hasRoom = socket.write('\r\n', 'latin1')
    socket.uncork()
    return hasRoom
  }

  /** Ends a stream. */
  end(): void {
    if (this.#state !== 'streaming') return
    if (this.#isChunked) this.#owner.socket.write('0\r\n\r\n', 'latin1')
    this.#ended()
  }

  /** Lets go of a client that takes nothing of what was written for `ms`. */
  boundWrites(ms: number): void {
    const { socket } = this.#owner
    if (socket.writableLength > 0) socket.setTimeout(ms)
  }

  destroy(): void {
    if (this.#state !== 'ended') this.#owner.socket.destroy()
  }

  /** For the connection: it has closed. */
  connectionClosed(): void {
    if (this.#state === 'ended' || this.#state === 'gone') return
    this.#state = 'gone'
    this.onDrain = undefined
    this.onGone?.()
  }

  #ended(): void {
    this.#state = 'ended'
    this.onDrain = undefined
    this.onGone = undefined
    this.#owner.responseEnded(this.#closes)
  }

  #head(status: number, headers: readonly string[], framing: string): string {
    let fields = framing
    for (let index = 0; index + 1 < headers.length; index += 2) {
      const name = headers[index] ?? ''
      const value = headers[index + 1] ?? ''
      // Whatever a header's value was made of: it must not become a second header, or a second answer.
      if (!isField(name, value)) throw new TypeError('A header of an answer has what no header may have.')
      if (name === 'connection') this.#closes ||= value === 'close'
      else fields += `${name}: ${value}\r\n`
    }
    // A body that was not read to its end would be taken for the next request.
    if (!this.#owner.hasWholeRequest || this.#owner.isLeaving) this.#closes = true
    return `${statusLine(status)}${fields}${this.#connection()}date: ${httpDate()}\r\n\r\n`
  }

  #connection(): string {
    if (this.#closes) return 'connection: close\r\n'
    return `connection: keep-alive\r\nkeep-alive: timeout=${this.#to.keepAliveSeconds}\r\n`
  }
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`
}

let dateSecond = 0
let dateText = ''

/** Made once a second: it has no finer grain. */
export function httpDate(): string {
  const second = Math.floor(Date.now() / 1_000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1_000).toUTCString()
  }
  return dateText
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
