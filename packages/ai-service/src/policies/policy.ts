// The port of a policy: something that looks at, refuses or wraps an exchange.
import type { Answer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'

export type Next = () => Promise<Answer>

export interface Policy {
  readonly name: string
  /** How much of the request must be read before the policy runs: `headers` run before the body is. */
  readonly needs: 'headers' | 'head'
  /** @throws AiError to refuse the exchange. */
  around(exchange: Exchange, next: Next): Promise<Answer>
}
