// Sends spans to an OTLP receiver beside the requests: a bounded queue that drops its oldest, batches, deadlines, repeats.
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock, Random } from 'ai-lib/internal/attempts/clock'
import { retryAfterOf } from 'ai-lib/internal/attempts/retry-after'
import type { AnswerHeaders, Channel } from 'ai-lib/internal/transport/transport'
import type { WrittenSpans } from './exchange-spans.ts'
import { judgeExport, judgeFailure, type Judged } from './judge-export.ts'
import type { Envelope } from './resource-text.ts'

/**
 * `dropped`: too many waited. `refused`: the receiver will not have them. `lost`: it was away for too long, or the process
 * ended first.
 */
export type SpanOutcome = 'exported' | 'dropped' | 'refused' | 'lost'

export interface OtlpExporterParts {
  /** Opened to the receiver's origin. */
  readonly channel: Channel
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly envelope: Envelope
  readonly isCompressed: boolean
  /** Spans that may wait. */
  readonly maxWaiting: number
  /** Milliseconds that spans wait for company. */
  readonly intervalMs: number
  /** Milliseconds for one request. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  /** What became of spans. */
  onOutcome(outcome: SpanOutcome, spans: number): void
  /** Told once when spans cannot be delivered, and once when they can again. */
  onState(state: 'away' | 'back', why: string): void
}

const batchSpans = 512
const maxAnswerBytes = 64 * 1024
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** A batch that nobody takes for this long is given up. */
const longestMs = 5 * 60_000
/** How long closing waits for what is queued. */
const flushMs = 5_000

const compress = promisify(gzip)

interface Batch {
  readonly body: Buffer
  readonly spans: number
  readonly startedMs: number
}

export class OtlpExporter {
  readonly #parts: OtlpExporterParts
  readonly #closing = new AbortController()
  readonly #over = new AbortController()
  #waiting: WrittenSpans[] = []
  #depth = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #isAway = false

  constructor(parts: OtlpExporterParts) {
    this.#parts = parts
  }

  /** Spans that wait. */
  get depth(): number {
    return this.#depth
  }

  add(spans: WrittenSpans): void {
    const { maxWaiting, intervalMs, onOutcome } = this.#parts
    if (this.#closing.signal.aborted) return onOutcome('lost', spans.count)
    this.#waiting.push(spans)
    this.#depth += spans.count
    while (this.#depth > maxWaiting) onOutcome('dropped', this.#takeFirst().count)
    if (this.#sending) return
    if (this.#depth >= batchSpans) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), intervalMs).unref()
  }

  /** Sends what waits, for a short while; what is left then is lost. */
  async close(): Promise<void> {
    this.#closing.abort()
    const given = new AbortController()
    void this.#parts.clock.sleep(flushMs, given.signal).then(() => this.#over.abort())
    if (!this.#sending) this.#send()
    await this.#sending
    given.abort()
    if (this.#depth > 0) this.#parts.onOutcome('lost', this.#depth)
    this.#waiting = []
    this.#depth = 0
    await this.#parts.channel.close()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined
      if (this.#depth > 0 && !this.#closing.signal.aborted)
        this.#timer ??= setTimeout(() => this.#send(), this.#parts.intervalMs).unref()
    })
  }

  async #sendAll(): Promise<void> {
    // What waited at the start goes now; what comes meanwhile waits for company again.
    do {
      if (this.#depth === 0 || this.#over.signal.aborted) return
      await this.#deliver(await this.#nextBatch())
    } while (this.#depth >= batchSpans || this.#closing.signal.aborted)
  }

  async #nextBatch(): Promise<Batch> {
    const { envelope, isCompressed, clock } = this.#parts
    const texts: string[] = []
    let spans = 0
    while (this.#waiting.length > 0 && spans < batchSpans) {
      const first = this.#takeFirst()
      texts.push(first.text)
      spans += first.count
    }
    const plain = Buffer.from(envelope.head + texts.join(',') + envelope.tail)
    return { body: isCompressed ? await compress(plain) : plain, spans, startedMs: clock.nowMs() }
  }

  #takeFirst(): WrittenSpans {
    const first = this.#waiting.shift() ?? { text: '', count: 0 }
    this.#depth -= first.count
    return first
  }

  async #deliver({ body, spans, startedMs }: Batch): Promise<void> {
    const { clock, onOutcome } = this.#parts
    for (let attempt = 0; ; attempt++) {
      const judged = await this.#post(body)
      if (judged.kind === 'taken') return this.#taken(spans, judged.refused, judged.why)
      this.#tell('away', judged.why)
      if (judged.kind === 'refused') return onOutcome('refused', spans)
      const pauseMs = this.#pauseMs(attempt, judged.retryAfterMs)
      const isOver = this.#closing.signal.aborted || clock.nowMs() + pauseMs - startedMs > longestMs
      if (!isOver) await clock.sleep(pauseMs, this.#closing.signal)
      // At the end there is one more trial and no pause.
      if (isOver) return onOutcome('lost', spans)
    }
  }

  #taken(spans: number, refused: number, why: string): void {
    const { onOutcome } = this.#parts
    const few = Math.min(refused, spans)
    onOutcome('exported', spans - few)
    if (few === 0) return this.#tell('back', '')
    onOutcome('refused', few)
    this.#tell('away', why)
  }

  #tell(state: 'away' | 'back', why: string): void {
    const isAway = state === 'away'
    if (this.#isAway === isAway) return
    this.#isAway = isAway
    this.#parts.onState(state, why)
  }

  #pauseMs(attempt: number, retryAfterMs: number | undefined): number {
    const doubled = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
    return retryAfterMs ?? doubled * (0.5 + this.#parts.random() / 2)
  }

  #post(body: Buffer): Promise<Judged> {
    const { channel, path, headers, isCompressed, timeoutMs, clock } = this.#parts
    return new Promise((resolve) => {
      let status = 0
      let answered: AnswerHeaders = {}
      const pieces: Buffer[] = []
      const settle = (judged: Judged): void => {
        clearTimeout(timer)
        this.#over.signal.removeEventListener('abort', giveUp)
        resolve(judged)
      }
      const giveUp = (): void => {
        flight.destroy()
        settle({ kind: 'again', why: 'no answer in time' })
      }
      const timer = setTimeout(giveUp, timeoutMs)
      timer.unref()
      this.#over.signal.addEventListener('abort', giveUp)
      const flight = channel.send(
        {
          method: 'POST',
          path,
          headers: isCompressed ? { ...headers, 'content-encoding': 'gzip' } : headers,
          body,
          stream: false,
          maxAnswerBytes,
        },
        {
          head: (given, givenHeaders) => {
            status = given
            answered = givenHeaders
          },
          data: (chunk) => void pieces.push(chunk),
          end: () => settle(judgeExport(status, Buffer.concat(pieces), retryAfterOf(answered, clock.dateMs()))),
          fail: ({ kind }) => settle(judgeFailure(kind)),
        },
      )
    })
  }
}
