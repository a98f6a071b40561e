// Posts events of provider keys to an address of the operator's: signed, in order, in the background, with bounds.
import { createHmac } from 'node:crypto'
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'
import type { Clock, Random } from 'ai-lib/internal/attempts/clock'
import type { Secret } from 'ai-lib/internal/errors/secret'
import type { Channel } from 'ai-lib/internal/transport/transport'
import type { ProviderKeyEvent } from './key-feed.ts'

export interface KeyWebhookParts {
  /** Opened to the address's origin, with its guard. */
  readonly channel: Channel
  /** Path with query. */
  readonly path: string
  readonly secret: Secret
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  /** A post that was given up, or left out because too many wait. */
  onLost(why: string): void
}

const maxWaiting = 100
const maxAttempts = 5
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** How long closing waits for what is queued. */
const flushMs = 2_000

type Posted = { readonly kind: 'taken' } | { readonly kind: 'failed'; readonly why: string; readonly isFinal: boolean }

export class KeyWebhook {
  readonly #parts: KeyWebhookParts
  readonly #waiting: string[] = []
  readonly #closing = new AbortController()
  #sending: Promise<void> | undefined

  constructor(parts: KeyWebhookParts) {
    this.#parts = parts
  }

  get depth(): number {
    return this.#waiting.length
  }

  /** Queues what an operator wants to hear of; rests and probations are everyday matters. */
  tell(told: ProviderKeyEvent): void {
    if (!isNews(told.event) || this.#closing.signal.aborted) return
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.shift()
      this.#parts.onLost('too many posts wait')
    }
    const { timeMs, provider, event } = told
    this.#waiting.push(JSON.stringify({ time: new Date(timeMs).toISOString(), provider, ...event }))
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  /** Waits a short while for what is queued, then ends. */
  async close(): Promise<void> {
    const over = new AbortController()
    if (this.#sending) await Promise.race([this.#sending, this.#parts.clock.sleep(flushMs, over.signal)])
    over.abort()
    this.#closing.abort()
    await this.#parts.channel.close()
  }

  async #sendAll(): Promise<void> {
    for (let body = this.#waiting[0]; body !== undefined; body = this.#waiting[0]) {
      const why = await this.#sendOne(body)
      if (this.#closing.signal.aborted) return
      if (this.#waiting[0] === body) this.#waiting.shift()
      if (why !== undefined) this.#parts.onLost(why)
    }
  }

  async #sendOne(body: string): Promise<string | undefined> {
    const { clock, random } = this.#parts
    for (let attempt = 1; ; attempt++) {
      const posted = await this.#post(body)
      if (posted.kind === 'taken') return undefined
      if (posted.isFinal || attempt === maxAttempts || this.#closing.signal.aborted) return posted.why
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1))
      await clock.sleep(pauseMs * (0.5 + random() / 2), this.#closing.signal)
    }
  }

  #post(body: string): Promise<Posted> {
    const { channel, path, secret, timeoutMs, clock } = this.#parts
    const seconds = Math.floor(clock.dateMs() / 1_000)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'ai-service',
      'x-ai-signature': signatureOf(secret, seconds, body),
    }
    return new Promise((resolve) => {
      let status = 0
      const settle = (posted: Posted): void => {
        clearTimeout(timer)
        resolve(posted)
      }
      const flight = channel.send(
        { method: 'POST', path, headers, body: Buffer.from(body), stream: false, maxAnswerBytes: 64 * 1024 },
        {
          head: (given) => {
            status = given
          },
          data: () => undefined,
          end: () => settle(judge(status)),
          fail: ({ kind }) =>
            settle({ kind: 'failed', why: `not reached (${kind})`, isFinal: kind === 'address-denied' }),
        },
      )
      const timer = setTimeout(() => {
        flight.destroy()
        settle({ kind: 'failed', why: 'no answer in time', isFinal: false })
      }, timeoutMs)
      timer.unref()
    })
  }
}

/** `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`: with the time signed too, an old post cannot be sent again. */
export function signatureOf(secret: Secret, seconds: number, body: string): string {
  const mac = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${mac}`
}

function isNews(event: KeyEvent): boolean {
  switch (event.type) {
    case 'key-rotated':
    case 'key-out':
    case 'key-drained':
      return true
    case 'key-recovered':
      return event.after !== 'cooling'
    case 'refresh-failed':
      return event.inARow === 1
    case 'key-joined':
    case 'key-cooled':
      return false
  }
}

function judge(status: number): Posted {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const isFinal = status < 500 && status !== 408 && status !== 429
  return { kind: 'failed', why: `answered with status ${status}`, isFinal }
}
