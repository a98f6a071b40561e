// The service's side of the audit trail: hands drafts to the thread in batches, knows what is on disk, and when nothing can be.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { type Draft, draftOf, encodeDraft } from './draft.ts'
import { type FromThread, type ToThread, warningsOf } from './messages.ts'

/** The thread, or what stands in for it. */
export interface AuditThread {
  post(message: ToThread): void
  terminate(): Promise<unknown>
}

export interface ThreadEvents {
  message(message: FromThread): void
  /** It ended without having been asked to. */
  died(thrown: unknown): void
}

/** Prints lines in order and drops none. */
export interface LinePrinter {
  /** @param done told when the text is written, or with why it never will be. */
  print(text: string, done: (error?: unknown) => void): void
}

/** What may become of a record. */
export const auditOutcomes = ['recorded', 'spooled', 'printed', 'dropped'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

export interface TrailParts {
  openThread(events: ThreadEvents): AuditThread
  /** Whether the thread is there from the start, or from the first record on: idle it is memory that nobody uses. */
  readonly eager: boolean
  readonly whenAway: 'block' | 'allow'
  /** Whether records are stored; else they are only printed. */
  readonly stores: boolean
  readonly printer?: LinePrinter
  /** What is known about records, for the metric. */
  readonly count: (outcome: AuditOutcome, records: number) => void
  /** Told when recording stops and when it goes on. */
  readonly onState: (state: 'away' | 'back', reason: string) => void
  readonly onHead: (head: string) => void
  readonly onWarning: (warning: string) => void
  /** Milliseconds that a sink may take before it counts as blocked. Default 5,000. */
  readonly deadlineMs?: number
  /** Characters of records that may wait. Default 32 Mi. */
  readonly maxQueued?: number
}

/** The trail was not opened: the message says what is wrong and what to do. */
export class TrailUnusable extends Error {
  override readonly name = 'TrailUnusable'
}

const defaultDeadlineMs = 5_000
const defaultQueued = 32 * 1024 * 1024
/** Batches go to the thread at most this often: below it a commit costs more than the records in it. */
const gatherMs = 2
/** How long a record that nobody waits for may wait for company. */
const lazyMs = 25
const respawnMs = [250, 10_000] as const

type Waiter = { readonly ticket: number; resolve(): void; reject(error: AiError): void }

export class AuditTrail {
  readonly #parts: TrailParts
  readonly #deadlineMs: number
  readonly #maxQueued: number
  #thread: AuditThread | undefined
  #isSpawning = false
  #isClosing = false
  /** Encoded drafts that the thread has not said are kept, the oldest first. */
  #pending: string[] = []
  #first = 0
  #queued = 0
  /** Those of them that it has not been sent. */
  #unsent = ''
  #unsentCount = 0
  #isDueSoon = false
  #lazyTimer: NodeJS.Timeout | undefined
  #sentAtMs = Number.NEGATIVE_INFINITY
  /** Tickets are numbers of drafts in their order. */
  #last = 0
  #kept = 0
  #printed = 0
  #unprintedCount = 0
  #waiters: Waiter[] = []
  #storeState: 'well' | 'away' = 'well'
  #printState: 'well' | 'away' = 'well'
  #wasAway = false
  #watch: NodeJS.Timeout | undefined
  #lookedAtMs = 0
  #keptAtMs = 0
  #printedAtMs = 0
  /** Between the death of a thread and the next one. */
  #isDown = false
  #respawnAfterMs: number = respawnMs[0]
  readonly #closed = Promise.withResolvers<void>()

  private constructor(parts: TrailParts) {
    this.#parts = parts
    this.#deadlineMs = parts.deadlineMs ?? defaultDeadlineMs
    this.#maxQueued = parts.maxQueued ?? defaultQueued
  }

  /** @throws TrailUnusable. */
  static async open(parts: TrailParts): Promise<AuditTrail> {
    const trail = new AuditTrail(parts)
    if (parts.eager) await trail.#spawn()
    return trail
  }

  /** Records that no sink has yet. */
  get depth(): number {
    return this.#last - this.#durable()
  }

  /** Whether no sink can record. */
  get isAway(): boolean {
    const isStoreAway = !this.#parts.stores || this.#storeState === 'away'
    const isPrinterAway = this.#parts.printer === undefined || this.#printState === 'away'
    return (isStoreAway && isPrinterAway) || this.#queued > this.#maxQueued
  }

  /** @throws AiError where nothing can be recorded and nothing may go on unrecorded. */
  admit(): void {
    if (this.#parts.whenAway === 'block' && this.isAway) throw away()
  }

  /**
   * Takes a draft for good. Its ticket, or 0 where there is no room and it is dropped.
   * @param when `soon` where somebody waits for it.
   */
  append(draft: Draft, when: 'soon' | 'later'): number {
    // Ends always find room: there are no more of them than requests under way.
    if (this.#queued > this.#maxQueued && draft.kind === 'start') {
      this.#parts.count('dropped', 1)
      return 0
    }
    const encoded = encodeDraft(draft)
    if (this.#first === this.#pending.length) this.#keptAtMs = performance.now()
    this.#pending.push(encoded)
    this.#queued += encoded.length
    this.#unsent += encoded
    this.#unsentCount++
    this.#schedule(when)
    return ++this.#last
  }

  /** One record of an administrative action: `key.rotated`, `backup.made`. Fields hold no secret. */
  recordAdmin(action: string, fields: Readonly<Record<string, unknown>> = {}): number {
    return this.append(draftOf('admin', '', { time: new Date().toISOString(), ...fields, action }), 'later')
  }

  /** Undefined where a ticket's record is on disk already. The promise rejects where it cannot be had in time. */
  durable(ticket: number): Promise<void> | undefined {
    if (ticket <= this.#durable()) return undefined
    if (this.isAway) return this.#parts.whenAway === 'block' ? Promise.reject(away()) : undefined
    return new Promise((resolve, reject) => this.#waiters.push({ ticket, resolve, reject }))
  }

  /** Writes what is queued, for at most `timeoutMs`; what is left then is counted as dropped. */
  async close(timeoutMs = 10_000): Promise<void> {
    if (this.#isClosing) return this.#closed.promise
    this.#isClosing = true
    clearTimeout(this.#lazyTimer)
    this.#flush()
    this.#thread?.post({ kind: 'close' })
    // One that is on its way will be told once it is there.
    if (this.#thread === undefined && !this.#isSpawning) this.#closed.resolve()
    const timer = setTimeout(() => this.#closed.resolve(), timeoutMs)
    await this.#closed.promise
    clearTimeout(timer)
    clearInterval(this.#watch)
    await this.#thread?.terminate()
    if (this.depth > 0) this.#parts.count('dropped', this.depth)
    for (const { reject } of this.#waiters.splice(0)) reject(away())
  }

  #durable(): number {
    const { stores, printer } = this.#parts
    if (!stores) return this.#printed
    return this.#storeState === 'away' && printer ? Math.max(this.#kept, this.#printed) : this.#kept
  }

  #schedule(when: 'soon' | 'later'): void {
    if (when === 'later') {
      if (this.#isDueSoon || this.#lazyTimer !== undefined) return
      this.#lazyTimer = setTimeout(() => this.#flush(), lazyMs)
      this.#lazyTimer.unref()
      return
    }
    if (this.#isDueSoon) return
    this.#isDueSoon = true
    const sinceMs = performance.now() - this.#sentAtMs
    // At the end of this turn of the loop, when the upstream's bytes are on their way.
    if (sinceMs >= gatherMs) setImmediate(() => this.#flush())
    else setTimeout(() => this.#flush(), gatherMs - sinceMs)
  }

  #flush(): void {
    this.#isDueSoon = false
    clearTimeout(this.#lazyTimer)
    this.#lazyTimer = undefined
    if (this.#unsentCount === 0) return
    if (this.#thread === undefined) return this.#start()
    this.#sentAtMs = performance.now()
    this.#thread.post({ kind: 'record', text: this.#unsent, count: this.#unsentCount })
    this.#unsent = ''
    this.#unsentCount = 0
    this.#watching()
  }

  #start(): void {
    if (this.#isSpawning || this.#isDown) return
    this.#spawn().catch((thrown: unknown) => this.#died(thrown))
  }

  #spawn(): Promise<void> {
    this.#isSpawning = true
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const thread = this.#parts.openThread({
      message: (message) => {
        if (message.kind === 'unusable') {
          this.#isSpawning = false
          reject(new TrailUnusable(message.message))
        } else if (message.kind === 'ready') {
          for (const warning of warningsOf(message)) this.#parts.onWarning(warning)
          this.#opened(thread)
          resolve()
        } else this.#hear(message)
      },
      died: (thrown) => {
        this.#isSpawning = false
        reject(new TrailUnusable(`The audit thread ended: ${textOf(thrown)}`))
        if (this.#thread === thread) this.#died(thrown)
      },
    })
    return promise
  }

  #opened(thread: AuditThread): void {
    this.#thread = thread
    this.#isSpawning = false
    this.#respawnAfterMs = respawnMs[0]
    const sent = this.#pending.slice(this.#first, this.#pending.length - this.#unsentCount)
    // A thread before this one may have kept some of these and never said so.
    if (sent.length > 0) thread.post({ kind: 'record-again', text: sent.join(''), count: sent.length })
    this.#unprintedCount = 0
    this.#flush()
    if (this.#isClosing) thread.post({ kind: 'close' })
  }

  #died(thrown: unknown): void {
    this.#thread = undefined
    if (this.#isClosing) return this.#closed.resolve()
    this.#isDown = true
    this.#storeState = 'away'
    this.#changed(textOf(thrown))
    const timer = setTimeout(() => {
      this.#isDown = false
      this.#respawnAfterMs = Math.min(this.#respawnAfterMs * 2, respawnMs[1])
      this.#start()
    }, this.#respawnAfterMs)
    timer.unref()
  }

  #hear(message: Exclude<FromThread, { kind: 'ready' | 'unusable' }>): void {
    switch (message.kind) {
      case 'kept':
        return this.#wereKept(message.count, message.where)
      case 'sealed':
        return this.#print(message.text, message.count)
      case 'head':
        return this.#parts.onHead(message.head)
      case 'away':
        this.#storeState = 'away'
        return this.#changed(message.reason)
      case 'replayed':
        return
      case 'closed':
        return this.#closed.resolve()
    }
  }

  #wereKept(count: number, where: 'recorded' | 'spooled'): void {
    for (let index = 0; index < count; index++) this.#queued -= this.#pending[this.#first + index]?.length ?? 0
    this.#first += count
    if (this.#first > 1_024 || this.#first === this.#pending.length) {
      this.#pending = this.#pending.slice(this.#first)
      this.#first = 0
    }
    this.#kept += count
    this.#keptAtMs = performance.now()
    if (this.#parts.stores && count > 0) this.#parts.count(where, count)
    this.#storeState = 'well'
    this.#changed('')
  }

  #print(text: string, count: number): void {
    if (this.#unprintedCount === 0) this.#printedAtMs = performance.now()
    this.#unprintedCount += count
    this.#watching()
    this.#parts.printer?.print(text, (error) => {
      this.#printedAtMs = performance.now()
      if (error !== undefined) {
        this.#printState = 'away'
        return this.#changed(`records cannot be printed: ${textOf(error)}`)
      }
      this.#unprintedCount = Math.max(0, this.#unprintedCount - count)
      this.#printed = Math.min(this.#last, this.#printed + count)
      if (!this.#parts.stores && count > 0) this.#parts.count('printed', count)
      this.#printState = 'well'
      this.#changed('')
    })
  }

  // A sink may take its time, but not for ever: a write that never returns is a sink that is away.
  #watching(): void {
    if (this.#watch !== undefined || this.#isClosing) return
    this.#lookedAtMs = performance.now()
    this.#watch = setInterval(() => this.#look(), this.#deadlineMs / 4)
    this.#watch.unref()
  }

  #look(): void {
    const nowMs = performance.now()
    // While this loop stood still, or the whole process, no sink could be heard: it gets that time back.
    const lateMs = nowMs - this.#lookedAtMs - this.#deadlineMs / 4
    this.#lookedAtMs = nowMs
    if (lateMs > this.#deadlineMs / 4) {
      this.#keptAtMs += lateMs
      this.#printedAtMs += lateMs
    }
    const isStoreLate = this.#first < this.#pending.length && nowMs - this.#keptAtMs > this.#deadlineMs
    const isPrinterLate = this.#unprintedCount > 0 && nowMs - this.#printedAtMs > this.#deadlineMs
    if (this.#parts.stores && isStoreLate) this.#storeState = 'away'
    if (isPrinterLate) this.#printState = 'away'
    if (isStoreLate || isPrinterLate) this.#changed(`a sink has not answered for ${this.#deadlineMs} ms`)
    else if (this.#first === this.#pending.length && this.#unprintedCount === 0) {
      clearInterval(this.#watch)
      this.#watch = undefined
    }
  }

  #changed(reason: string): void {
    const isAway = this.isAway
    if (isAway !== this.#wasAway) {
      this.#wasAway = isAway
      this.#parts.onState(isAway ? 'away' : 'back', reason)
    }
    if (this.#waiters.length === 0) return
    const upTo = this.#durable()
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) {
      if (waiter.ticket <= upTo) waiter.resolve()
      else if (!isAway) this.#waiters.push(waiter)
      else if (this.#parts.whenAway === 'block') waiter.reject(away())
      else waiter.resolve()
    }
  }
}

function away(): AiError {
  return new AiError('service_audit_away', { retryAfterMs: 2_000 })
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'unknown fault'
}
