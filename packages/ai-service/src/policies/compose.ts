// Puts policies around the middle of an exchange, the first one outermost.
import type { Answer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Policy } from './policy.ts'

export type Handler = (exchange: Exchange) => Promise<Answer>

export function compose(policies: readonly Policy[], innermost: Handler): Handler {
  return policies.reduceRight<Handler>(
    (next, policy) => (exchange) => policy.around(exchange, () => next(exchange)),
    innermost,
  )
}
