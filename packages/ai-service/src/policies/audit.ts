// Records that a request was accepted, before its answer leaves, and how it ended.
import type { Answer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Settlement } from '../exchange/settlement.ts'
import type { Policy } from './policy.ts'

/** The audit trail as the policy needs it. */
export interface RequestAudit {
  /** When a start must be on disk: before the answer's first byte, before the upstream's first byte, or some time. */
  readonly durability: 'answer' | 'upstream' | 'async'
  /** Takes the start of a request; its ticket. @throws AiError `service_audit_away`. */
  start(exchange: Exchange): number
  end(exchange: Exchange, settlement: Settlement): void
  /** Undefined where it is on disk. The promise rejects with `service_audit_away`. */
  durable(ticket: number): Promise<void> | undefined
}

/** Stands behind what finds out who is calling and how much they may: who is refused there costs no record. */
export function audit(trail: RequestAudit): Policy {
  return {
    name: 'audit',
    needs: 'head',
    async around(exchange, next) {
      const ticket = trail.start(exchange)
      exchange.onSettle((settlement) => trail.end(exchange, settlement))
      if (trail.durability === 'async') return next()
      if (trail.durability === 'upstream') {
        await trail.durable(ticket)
        return next()
      }
      return answerOnceDurable(trail, ticket, next)
    },
  }
}

// The commit runs beside the upstream call: as a rule it is long over when the answer is there.
async function answerOnceDurable(trail: RequestAudit, ticket: number, next: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer | undefined
  try {
    answer = await next()
  } finally {
    // A refusal is an answer too; where the record cannot be had, that is what the client hears instead.
    const pending = trail.durable(ticket)
    if (pending)
      await pending.catch((thrown: unknown) => {
        if (answer?.kind === 'stream') answer.stream.destroy()
        throw thrown
      })
  }
  return answer
}
