// What an exchange comes to, before it is written to the client.
import type { AttemptRecord, LoopOutcome } from 'ai-lib/internal/attempts/attempt-loop'
import type { AiError } from 'ai-lib/internal/errors/ai-error'

type Answering = Extract<LoopOutcome<Buffer>, { kind: 'whole' } | { kind: 'stream' }>

export type Answer =
  | Answering
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
