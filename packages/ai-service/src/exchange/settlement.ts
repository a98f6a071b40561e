// How an exchange ended: told to every listener exactly once, when the last byte is sent or never will be.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import type { AnswerFacts } from 'ai-lib/internal/chat/answer-facts'
import type { Loss } from 'ai-lib/internal/chat/losses'
import type { Usage } from 'ai-lib/internal/chat/usage'
import type { LaneName } from 'ai-lib/internal/lanes/prepare-request'
import type { AiError } from 'ai-lib/internal/errors/ai-error'

export type Outcome = 'completed' | 'truncated' | 'cancelled' | 'refused' | 'failed'

/** Who counted the tokens. `unknown` is never turned into a figure. */
export type Metered = { readonly kind: 'reported'; readonly usage: Usage } | { readonly kind: 'unknown' }

/** What the response cache had; absent where there is none. */
export type CacheResult = 'hit' | 'miss' | 'bypass'

export interface Settlement {
  readonly end: Outcome
  /** As the client saw it; 499 where it left before an answer. */
  readonly status: number
  readonly error?: AiError | undefined
  readonly metered: Metered
  readonly attempts: readonly AttemptRecord[]
  readonly provider?: string | undefined
  readonly endpoint?: string | undefined
  /** As the provider was asked. */
  readonly model?: string | undefined
  readonly lane?: LaneName | undefined
  readonly losses: readonly Loss[]
  /** What the answer said of itself, as far as it was read. */
  readonly facts?: AnswerFacts | undefined
  /** After a hit no provider was asked: no attempt, no token. */
  readonly cache?: CacheResult | undefined
  readonly durationMs: number
  /** Our own time: without waiting for the provider, or for the client's body. */
  readonly overheadMs: number
  /** From the request to the first bytes handed to the client, streams only. */
  readonly ttftMs?: number | undefined
  /** Mean gap between the pieces of a stream. */
  readonly interTokenMs?: number | undefined
}

export type SettlementListener = (settlement: Settlement) => void
