// What log and metrics are told of one exchange, once, when it is over: flat, and made of what is already at hand.
import type { Loss } from 'ai-lib/internal/chat/losses'
import type { Usage } from 'ai-lib/internal/chat/usage'
import type { DialectId } from 'ai-lib/internal/dialects/dialect'
import type { ErrorCode } from 'ai-lib/internal/errors/error-codes'

/** One upstream attempt; the library's `AttemptRecord` fits as it is. */
export interface AttemptSummary {
  readonly endpoint: string
  readonly provider: string
  /** From a closed set: `answered`, `left` or a failure code. */
  readonly outcome: string
  readonly status?: number
  readonly durationMs: number
  readonly keyFingerprint?: string
}

export interface ExchangeSummary {
  readonly requestId: string
  /** The trace it belongs to, and its own span there; absent where there is none. */
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  readonly dialect: DialectId
  /** The path of the route, without query. */
  readonly route: string
  /** Absent where no target was reached for. */
  readonly provider?: string | undefined
  /** As the provider was asked. */
  readonly model?: string | undefined
  readonly endpoint?: string | undefined
  readonly lane?: string | undefined
  /** As the client saw it; 499 where it left before an answer. */
  readonly status: number
  readonly code?: ErrorCode | undefined
  readonly outcome: 'completed' | 'truncated' | 'cancelled' | 'refused' | 'failed'
  readonly attempts: readonly AttemptSummary[]
  readonly durationMs: number
  /** Our own time, the provider's subtracted. */
  readonly overheadMs: number
  /** From the request to the first bytes for the client; streams only. */
  readonly ttftMs?: number | undefined
  /** Mean gap between the pieces of a stream. */
  readonly interTokenMs?: number | undefined
  readonly usage?: Usage | undefined
  /** What the provider charged, in micro-USD; absent where nobody was asked, or a price is unknown. */
  readonly costMicroUsd?: bigint | undefined
  readonly usageSource?: 'reported' | 'estimated' | 'unknown' | undefined
  /** What translation could not carry, of the request and of the answer. */
  readonly losses: readonly Loss[]
  readonly keyId?: string | undefined
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly stream: boolean
  /** What the response cache had; absent where there is none. */
  readonly cache?: 'hit' | 'miss' | 'bypass' | undefined
  readonly configVersion?: string | undefined
  /** The error with its cause, for the log alone. */
  readonly error?: unknown
}
