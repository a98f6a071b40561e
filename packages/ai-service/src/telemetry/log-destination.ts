// Where log lines go: a bounded queue before a file descriptor, so that a reader who stops reading stops nobody else.
import { write } from 'node:fs'

export interface LogDestination {
  /** Takes one line with its line break; never waits and never throws. */
  write(line: string): void
  /** Lines that were dropped because the reader was too slow or gone. */
  readonly droppedLines: number
  /** Writes what is queued, for at most the given time; what is left then is dropped and counted. */
  close(timeoutMs?: number): Promise<void>
}

/** A destination that also takes lines which must not be lost. */
export interface OutputDestination extends LogDestination {
  /**
   * Takes whole lines that are never dropped, in between log lines and in order. The caller bounds how many wait.
   * @param done told when they are written, or with why they never will be.
   */
  print(text: string, done: (error?: unknown) => void): void
}

export interface LogDestinationOptions {
  /** Characters that may wait. Default 4 Mi. */
  readonly maxQueued?: number
  /**
   * Milliseconds that lines wait for company: a write goes through a thread of the pool, which costs more than many
   * lines. Default 10; 0 takes the lines of one turn of the loop.
   */
  readonly gatherMs?: number
}

interface Printing {
  readonly text: string
  done(error?: unknown): void
}

type WriteBytes = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void

const defaultQueued = 4 * 1024 * 1024
/** Characters of one write: large enough to cost little per line, small enough to keep what is dropped whole lines. */
const batch = 64 * 1024
const busyRetryMs = 20
const defaultGatherMs = 10

/**
 * Lines to a stream or a file descriptor, never waiting for its reader. A stream with a descriptor (`process.stdout`)
 * is written through that: its own `write` blocks the event loop on pipes. Having been opened as a stream its pipe is
 * non-blocking, so that a reader who stopped does not hold a thread of the pool either.
 *
 * Beware of a bare descriptor of a pipe that nobody opened as a stream: it is blocking, its write waits in the pool, and
 * the process cannot exit before the reader reads. Touching `process.stdout` once is enough.
 */
export function openLogDestination(
  to: number | NodeJS.WritableStream,
  options: LogDestinationOptions = {},
): OutputDestination {
  if (typeof to === 'number') return new QueuedLines(descriptorWriter(to), options)
  const fd = 'fd' in to && typeof to.fd === 'number' ? to.fd : undefined
  return new QueuedLines(fd === undefined ? streamWriter(to) : descriptorWriter(fd), options)
}

function descriptorWriter(fd: number): WriteBytes {
  return (bytes, done) => write(fd, bytes, 0, bytes.length, null, done)
}

function streamWriter(stream: NodeJS.WritableStream): WriteBytes {
  // Each failed write tells its callback; without a listener the same error would end the process.
  stream.on('error', () => undefined)
  return (bytes, done) => void stream.write(bytes, (error) => done(error ?? null, bytes.length))
}

class QueuedLines implements OutputDestination {
  readonly #writeBytes: WriteBytes
  readonly #maxQueued: number
  readonly #gatherMs: number
  #lines: string[] = []
  #first = 0
  #queued = 0
  #state: 'idle' | 'scheduled' | 'writing' | 'closed' = 'idle'
  #droppedLines = 0
  #reported = 0
  #emptied: (() => void) | undefined
  #gathering: NodeJS.Timeout | undefined
  #printing: Printing[] = []

  constructor(writeBytes: WriteBytes, options: LogDestinationOptions) {
    this.#writeBytes = writeBytes
    this.#maxQueued = options.maxQueued ?? defaultQueued
    this.#gatherMs = options.gatherMs ?? defaultGatherMs
  }

  get droppedLines(): number {
    return this.#droppedLines
  }

  write(line: string): void {
    if (this.#state === 'closed') {
      this.#droppedLines++
      return
    }
    this.#lines.push(line)
    this.#queued += line.length
    while (this.#queued > this.#maxQueued && this.#first < this.#lines.length) this.#drop()
    if (this.#state !== 'idle') return
    this.#state = 'scheduled'
    if (this.#gatherMs === 0) setImmediate(() => this.#next())
    else this.#gathering = setTimeout(() => this.#next(), this.#gatherMs)
  }

  print(text: string, done: (error?: unknown) => void): void {
    if (this.#state === 'closed') return done(new Error('The output is closed.'))
    this.#printing.push({ text, done })
    if (this.#state === 'writing' || (this.#state === 'scheduled' && this.#gatherMs === 0)) return
    // Somebody waits for these lines: those that wait for company come along.
    clearTimeout(this.#gathering)
    this.#state = 'scheduled'
    setImmediate(() => this.#next())
  }

  async close(timeoutMs = 2_000): Promise<void> {
    if (this.#gathering && this.#state === 'scheduled' && this.#printing.length === 0) {
      clearTimeout(this.#gathering)
      this.#next()
    }
    if (this.#state !== 'idle') {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, timeoutMs)
      this.#emptied = resolve
      await promise
      clearTimeout(timer)
    }
    while (this.#first < this.#lines.length) this.#drop()
    this.#state = 'closed'
  }

  // The oldest goes first: what happens now tells more than what happened before the reader stopped.
  #drop(): void {
    const line = this.#take()
    this.#droppedLines += line === '' ? 0 : 1
  }

  #take(): string {
    const line = this.#lines[this.#first] ?? ''
    this.#lines[this.#first++] = ''
    this.#queued -= line.length
    // Compacting now and then keeps taking from the front cheap.
    if (this.#first > 1_024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first)
      this.#first = 0
    }
    return line
  }

  #next(): void {
    if (this.#state === 'closed') return
    if (this.#printing.length > 0) return this.#printNext()
    if (this.#first === this.#lines.length) {
      this.#lines = []
      this.#first = 0
      this.#state = 'idle'
      this.#emptied?.()
      return
    }
    this.#state = 'writing'
    this.#send(Buffer.from(this.#batch()))
  }

  #printNext(): void {
    const batch = this.#printing
    this.#printing = []
    this.#state = 'writing'
    this.#send(Buffer.from(batch.map(({ text }) => text).join('')), (error) => {
      for (const { done } of batch) done(error)
    })
  }

  #batch(): string {
    let text = this.#notice()
    while (text.length < batch && this.#first < this.#lines.length) text += this.#take()
    return text
  }

  /** A line that says how many are missing, once the reader is back. */
  #notice(): string {
    const missing = this.#droppedLines - this.#reported
    if (missing === 0) return ''
    this.#reported = this.#droppedLines
    const time = new Date().toISOString()
    return `${JSON.stringify({ level: 'warn', time, message: 'log lines were dropped', dropped: missing })}\n`
  }

  /** @param done told of the end of what is printed; log lines have nobody to tell. */
  #send(bytes: Buffer, done?: (error?: unknown) => void): void {
    if (this.#state === 'closed') return done?.(new Error('The output is closed.'))
    this.#writeBytes(bytes, (error, written) => {
      if (this.#state === 'closed') return done?.(new Error('The output is closed.'))
      if (error?.code === 'EAGAIN' || error?.code === 'EBUSY') setTimeout(() => this.#send(bytes, done), busyRetryMs)
      else if (error && done) this.#told(done, error)
      else if (error) this.#lost(bytes)
      else if (written < bytes.length) this.#send(bytes.subarray(written), done)
      else if (done) this.#told(done)
      else this.#next()
    })
  }

  #told(done: (error?: unknown) => void, error?: unknown): void {
    done(error)
    this.#next()
  }

  // The reader is gone (EPIPE) or the disk is full: the log must not take the service along.
  #lost(bytes: Buffer): void {
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) this.#droppedLines++
    this.#next()
  }
}
