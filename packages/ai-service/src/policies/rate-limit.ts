// Limits per key, user, team or all together: requests per window, and requests under way.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Caller, Exchange } from '../exchange/exchange.ts'
import type { Admission, ConcurrencyCounters, RateCounters } from '../stores/counters.ts'
import type { Policy } from './policy.ts'

export interface LimitRule {
  readonly for: 'key' | 'user' | 'team' | 'global'
  readonly requests?: { readonly count: number; readonly windowMs: number }
  readonly concurrent?: number
}

export interface RateLimitParts {
  readonly rules: readonly LimitRule[]
  readonly rates: RateCounters
  readonly concurrency: ConcurrencyCounters
  readonly clock: { nowMs(): number }
}

/** A caller's own limit is asked before those it shares: what that refuses must use up nothing of anybody else's. */
const breadth: Readonly<Record<LimitRule['for'], number>> = { key: 0, user: 1, team: 2, global: 3 }

export function rateLimit({ rules, rates, concurrency, clock }: RateLimitParts): Policy {
  const ordered = [...rules.entries()].toSorted(([, left], [, right]) => breadth[left.for] - breadth[right.for])
  return {
    name: 'rate-limit',
    needs: 'headers',
    around(exchange, next) {
      // Places first: a request that finds none must not use up a window's count.
      for (const [index, rule] of ordered) {
        const name = subject(rule, index, exchange.caller)
        if (name === undefined || rule.concurrent === undefined) continue
        const leave = concurrency.enter(name, rule.concurrent)
        if (!leave)
          throw new AiError('policy_concurrency_limited', {
            message: `The limit is ${rule.concurrent} per ${rule.for}.`,
            retryAfterMs: 1_000,
          })
        exchange.onSettle(leave)
      }
      let told: { readonly limit: number; readonly admission: Admission } | undefined
      for (const [index, rule] of ordered) {
        const name = subject(rule, index, exchange.caller)
        if (name === undefined || rule.requests === undefined) continue
        const { count, windowMs } = rule.requests
        const admission = rates.admit(name, count, windowMs, clock.nowMs())
        const isTighter = told === undefined || admission.remaining < told.admission.remaining
        if (isTighter || admission.kind === 'limited') told = { limit: count, admission }
        if (admission.kind === 'limited') break
      }
      if (told) tell(exchange, told.limit, told.admission)
      return next()
    },
  }
}

// A rule for keys does not bind a caller who has none (auth.mode: none): only `global` does.
function subject(rule: LimitRule, index: number, caller: Caller): string | undefined {
  switch (rule.for) {
    case 'global':
      return `${index} global`
    case 'key':
      return caller.keyId === undefined ? undefined : `${index} key ${caller.keyId}`
    case 'user':
      return caller.user === undefined ? undefined : `${index} user ${caller.user}`
    case 'team':
      return caller.team === undefined ? undefined : `${index} team ${caller.team}`
  }
}

function tell(exchange: Exchange, limit: number, admission: Admission): void {
  exchange.answerHeaders.push(
    'x-ratelimit-limit-requests',
    String(limit),
    'x-ratelimit-remaining-requests',
    String(admission.remaining),
    'x-ratelimit-reset-requests',
    `${Math.ceil(admission.resetMs)}ms`,
  )
  if (admission.kind === 'limited')
    throw new AiError('policy_rate_limited', { retryAfterMs: Math.ceil(admission.retryAfterMs) })
}
