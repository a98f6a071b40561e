// One request from its head to its settlement: what policies know of it, and what they leave on it.
import type { OperationId } from 'ai-lib/internal/dialects/dialect'
import { type Operation, operations } from 'ai-lib/internal/dialects/registry'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Asked } from 'ai-lib/internal/lanes/prepare-request'
import type { ExchangeTrace } from './exchange-trace.ts'
import { freeBody } from './free-body.ts'
import type { CacheResult, Settlement, SettlementListener } from './settlement.ts'

/** Who is calling, once a policy has found out. */
export interface Caller {
  readonly keyId?: string
  readonly user?: string
  readonly team?: string
  /** Model names as clients write them; absent: all. */
  readonly models?: ReadonlySet<string>
}

/** What the listener read from the request's headers. */
export interface ExchangeHead {
  readonly credential?: string
  readonly contentType?: string
  readonly contentEncoding?: string
  /** Headers for the upstream, lower-case. */
  readonly forwarded: Readonly<Record<string, string>>
  readonly strictLosses: boolean
  readonly timeoutMs?: number
  /** The end user, as the client's own word for the log. */
  readonly user?: string
  /** What the client wants of the response cache; absent: what the configuration says. */
  readonly cache?: CacheWish
  /** What the client wants its request found by later. */
  readonly tags?: Readonly<Record<string, string>>
}

/** `no-store` neither reads nor writes, `refresh` writes only, `only` takes a cached answer or none. */
export type CacheWish = 'no-store' | 'refresh' | 'only'

const noPieces = [] as const

function dropped(): never {
  throw new AiError('service_internal', { message: 'A body was asked for after it had been dropped.' })
}

export const anonymous: Caller = {}

export interface ExchangeStart {
  readonly id: string
  readonly operation: OperationId
  readonly path: string
  readonly head: ExchangeHead
  readonly signal: AbortSignal
  readonly startedMs: number
  /** Absent where nobody follows it. */
  readonly trace?: ExchangeTrace | undefined
  /** Nothing is read of the body before this is called: refused requests cost no memory. */
  readonly readBody: () => Promise<Asked>
}

export class Exchange {
  readonly id: string
  readonly operation: Operation
  readonly path: string
  readonly head: ExchangeHead
  readonly signal: AbortSignal
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly trace: ExchangeTrace | undefined
  caller: Caller = anonymous
  /** The request's body, read as far as lanes need it; set once the policies that need only headers have let it pass. */
  asked: Asked | undefined
  cache: CacheResult | undefined
  /** Milliseconds spent waiting for the answer to an identical request: they count against the client's own bound. */
  waitedMs = 0
  /** Headers that policies want on the answer, whatever it is: name, value, name, value. */
  readonly answerHeaders: string[] = []
  readonly #listeners: SettlementListener[] = []
  #settlement: Settlement | undefined

  readonly #readBody: () => Promise<Asked>

  constructor(parts: ExchangeStart) {
    this.id = parts.id
    this.operation = operations[parts.operation]
    this.path = parts.path
    this.head = parts.head
    this.signal = parts.signal
    this.startedMs = parts.startedMs
    this.trace = parts.trace
    this.#readBody = parts.readBody
  }

  /** Reads the body. @throws AiError where it cannot be read, or is not what the operation takes. */
  async read(): Promise<Asked> {
    this.asked ??= await this.#readBody()
    return this.asked
  }

  /** Nobody needs the body's bytes any more; what was read of its head stays. */
  dropBody(isFree: boolean): void {
    const { asked } = this
    if (asked === undefined) return
    this.asked = { head: asked.head, body: noPieces, canonical: dropped }
    if (isFree) freeBody(asked.body)
  }

  onSettle(listener: SettlementListener): void {
    this.#listeners.push(listener)
  }

  /** The first settlement counts; a second is ignored. A listener that throws keeps no other from hearing. */
  settle(settlement: Settlement): void {
    if (this.#settlement) return
    this.#settlement = settlement
    let fault: { readonly thrown: unknown } | undefined
    for (const listener of this.#listeners) {
      try {
        listener(settlement)
      } catch (thrown) {
        fault ??= { thrown }
      }
    }
    if (fault) throw fault.thrown
  }

  get isSettled(): boolean {
    return this.#settlement !== undefined
  }
}
