// What an exchange comes to, before it is written to the client.
import type { AttemptRecord } from 'ai-lib/internal/attempts/attempt-record'
import type { LoopOutcome } from 'ai-lib/internal/attempts/attempt-plan'
import type { Loss } from 'ai-lib/internal/chat/losses'
import type { AiError } from 'ai-lib/internal/errors/ai-error'
import type { LaneName } from 'ai-lib/internal/lanes/prepare-request'

type Answering = Extract<LoopOutcome<Buffer>, { kind: 'whole' } | { kind: 'stream' }>

/** An answer that was given before, and where it came from then. No provider was asked. */
export interface Replayed {
  readonly kind: 'replayed'
  readonly form: 'whole' | 'stream'
  readonly out: Uint8Array
  readonly from: AnsweredBy
}

export interface AnsweredBy extends RefusedAt {
  readonly lane: LaneName
  /** Of the request that was sent to the provider. */
  readonly losses: readonly Loss[]
}

export type Answer =
  | Answering
  | Replayed
  | {
      readonly kind: 'refused'
      readonly error: AiError
      readonly attempts: readonly AttemptRecord[]
      readonly endpoint?: RefusedAt
    }
  /** Nobody is there to answer. */
  | { readonly kind: 'left'; readonly attempts: readonly AttemptRecord[]; readonly endpoint?: RefusedAt }

/** Where the last attempt of a refused exchange went. */
export interface RefusedAt {
  readonly provider: string
  readonly endpoint: string
  readonly model: string
}

/** A refusal before any attempt. */
export function refusal(error: AiError): Answer {
  return { kind: 'refused', error, attempts: [] }
}
