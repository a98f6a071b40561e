// The middle of the service in one line: policies on headers, the body, policies on its head, attempts.
import { dispatch, type DispatchParts } from '../exchange/dispatch.ts'
import { compose, type Handler } from '../policies/compose.ts'
import type { Policy } from '../policies/policy.ts'

export function exchangeRunner(policies: readonly Policy[], parts: DispatchParts): Handler {
  const withHead = compose(
    policies.filter(({ needs }) => needs === 'head'),
    async (exchange) => dispatch(exchange, await exchange.read(), parts),
  )
  return compose(
    policies.filter(({ needs }) => needs === 'headers'),
    async (exchange) => {
      await exchange.read()
      return withHead(exchange)
    },
  )
}
