// Answers from what was answered before: one upstream call for identical requests, whoever of a tenant sends them.
//
// A hit ends here: policies further in (budget) see nothing of it, the settlement says `cache: hit`.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { type AnswerForm, isCompleteAnswer } from 'ai-lib/internal/lanes/complete-answer'
import { replayAnswer, type WantedForm } from 'ai-lib/internal/lanes/replay-answer'
import { type CachedAnswer, ownBytes } from '../cache/cached-answer.ts'
import { cacheKeyOf, type KeyRules } from '../cache/cache-key.ts'
import { recordStream } from '../cache/record-stream.ts'
import type { Lead, SingleFlight } from '../cache/single-flight.ts'
import type { Answer, Replayed } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { CacheLookup, CacheStore } from '../stores/cache-store.ts'
import type { Next, Policy } from './policy.ts'

export interface CacheParts {
  readonly rules: KeyRules
  readonly store: CacheStore<CachedAnswer>
  readonly flights: SingleFlight<CachedAnswer>
  readonly ttlMs: number
  /** Larger answers are not kept. */
  readonly maxEntryBytes: number
  /** How long one request waits for an identical one under way. */
  readonly waitMs: number
  readonly clock: { nowMs(): number; dateMs(): number }
  /** A look-up or a write that the store did not take. */
  readonly onStoreError: () => void
}

type Answering = Extract<Answer, { kind: 'whole' | 'stream' }>

export function cache(parts: CacheParts): Policy {
  return {
    name: 'cache',
    needs: 'head',
    around(exchange, next) {
      const wish = exchange.head.cache
      const key = wish === 'no-store' ? undefined : cacheKeyOf(exchange, parts.rules)
      if (key === undefined) return marked(exchange, 'bypass', next)
      return new CachedExchange(exchange, key, next, parts).answer()
    },
  }
}

function marked(exchange: Exchange, result: 'hit' | 'miss' | 'bypass', next: Next): Promise<Answer> {
  exchange.cache = result
  exchange.answerHeaders.push('x-ai-cache', result)
  return next()
}

/** Nobody waits: a refresh goes to the provider by itself. */
const noLead: Lead<CachedAnswer> = { give() {}, release() {}, handOver() {} }

class CachedExchange {
  readonly #exchange: Exchange
  readonly #key: string
  readonly #next: Next
  readonly #parts: CacheParts

  constructor(exchange: Exchange, key: string, next: Next, parts: CacheParts) {
    this.#exchange = exchange
    this.#key = key
    this.#next = next
    this.#parts = parts
  }

  async answer(): Promise<Answer> {
    const { store } = this.#parts
    switch (this.#exchange.head.cache) {
      case 'refresh':
        return this.#ask(noLead)
      case 'only':
        // Without a hit the middle of the exchange refuses: no policy on the way there lets an upstream call through.
        return this.#replay(this.#read(await store.get(this.#key))) ?? this.#alone()
      default:
        return store.isRemote ? this.#join() : (this.#replay(this.#local()) ?? this.#join())
    }
  }

  #local(): CachedAnswer | undefined {
    const looked = this.#parts.store.get(this.#key)
    return looked instanceof Promise ? undefined : this.#read(looked)
  }

  async #join(): Promise<Answer> {
    const joined = this.#parts.flights.join(this.#key)
    if (joined.kind === 'leader') return this.#lead(joined.lead)
    const { clock, waitMs } = this.#parts
    const startedMs = clock.nowMs()
    const waited = await joined.wait(this.#exchange.signal, Math.min(waitMs, this.#exchange.head.timeoutMs ?? waitMs))
    this.#exchange.waitedMs = clock.nowMs() - startedMs
    switch (waited.kind) {
      case 'value':
        return this.#replay(waited.value) ?? this.#alone()
      case 'lead':
        return this.#ask(waited.lead)
      case 'alone':
        return this.#alone()
      case 'left':
        throw new AiError('caller_left')
    }
  }

  // Of identical requests one looks into a store that is far.
  async #lead(lead: Lead<CachedAnswer>): Promise<Answer> {
    if (!this.#parts.store.isRemote) return this.#ask(lead)
    const found = this.#read(await this.#parts.store.get(this.#key))
    const replayed = this.#replay(found)
    if (found === undefined || replayed === undefined) return this.#ask(lead)
    lead.give(found)
    return replayed
  }

  #alone(): Promise<Answer> {
    return marked(this.#exchange, 'miss', this.#next)
  }

  /** Asks the provider and keeps what it says. Whatever happens, `lead` is told. */
  async #ask(lead: Lead<CachedAnswer>): Promise<Answer> {
    try {
      const answer = await marked(this.#exchange, 'miss', this.#next)
      return this.#kept(answer, lead)
    } catch (thrown) {
      lead.handOver()
      throw thrown
    }
  }

  #kept(answer: Answer, lead: Lead<CachedAnswer>): Answer {
    switch (answer.kind) {
      case 'whole':
        // After the client has it: the look into it costs nobody's time.
        this.#exchange.onSettle(() => this.#keep(answer, answer.out, lead))
        this.#exchange.onSettle(() => lead.handOver())
        return answer
      case 'stream': {
        const stream = recordStream(answer.stream, this.#parts.maxEntryBytes, {
          complete: (bytes) => this.#keep(answer, bytes, lead),
          tooLarge: () => lead.release(),
        })
        // Settled without an end of its own, the stream was cut or its client has left.
        this.#exchange.onSettle(() => lead.handOver())
        return { ...answer, stream }
      }
      case 'replayed':
      case 'refused':
      case 'left':
        lead.handOver()
        return answer
    }
  }

  #keep(answer: Answering, bytes: Buffer, lead: Lead<CachedAnswer>): void {
    const { store, ttlMs, maxEntryBytes } = this.#parts
    const isKept = bytes.length <= maxEntryBytes && isCompleteAnswer(this.#exchange.operation.id, answer.kind, bytes)
    if (!isKept) return lead.release()
    const kept = keptOf(answer, bytes, this.#tellsUsage)
    const set = store.set(this.#key, kept, ttlMs)
    if (!(set instanceof Promise)) return lead.give(kept)
    lead.give(kept, set)
    void set.then((isTaken) => isTaken || this.#parts.onStoreError())
  }

  #read(looked: CacheLookup<CachedAnswer>): CachedAnswer | undefined {
    if (looked.kind === 'found') return looked.value
    if (looked.kind === 'failed') this.#parts.onStoreError()
    return undefined
  }

  /** Undefined where there is nothing, or its other form would lack something of it. */
  #replay(kept: CachedAnswer | undefined): Replayed | undefined {
    if (kept === undefined) return undefined
    const form: AnswerForm = this.#exchange.asked?.head.stream === true ? 'stream' : 'whole'
    const createdSeconds = Math.floor(this.#parts.clock.dateMs() / 1_000)
    const out = this.#told(kept, { form, tellsUsage: this.#tellsUsage, createdSeconds })
    if (out === undefined) return undefined
    this.#exchange.cache = 'hit'
    this.#exchange.answerHeaders.push('x-ai-cache', 'hit')
    return { kind: 'replayed', form, out, from: kept.from }
  }

  #told(kept: CachedAnswer, wanted: WantedForm): Uint8Array | undefined {
    try {
      return replayAnswer(this.#exchange.operation, kept, wanted)
    } catch {
      return undefined // What its own dialect cannot read any more is asked for anew, and replaced.
    }
  }

  /** OpenAI's streams tell usage where the client asks for it; everything else always does. */
  get #tellsUsage(): boolean {
    const head = this.#exchange.asked?.head
    return head?.stream !== true || head.usageEdit === undefined
  }
}

function keptOf({ kind, target, prepared, ...answer }: Answering, bytes: Buffer, tellsUsage: boolean): CachedAnswer {
  const lane = 'stream' in answer ? answer.stream.lane : answer.lane
  return {
    form: kind,
    bytes: ownBytes(bytes),
    tellsUsage,
    usage: lane.usage,
    from: {
      provider: target.upstream.spec.name,
      endpoint: target.endpoint,
      model: target.model,
      lane: prepared.lane,
      losses: prepared.losses,
    },
  }
}
