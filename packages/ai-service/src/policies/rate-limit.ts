// Limits per key, user, team or all together: requests per window, and requests under way.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Caller, Exchange } from '../exchange/exchange.ts'
import type { Admission, ConcurrencyCounters, RateClaim, RateCounters } from '../stores/counters.ts'
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
  /** Told of each refusal; the name is from a closed set: whose limit, and of what. */
  readonly onRefused?: (limit: LimitName) => void
}

export type LimitName = `${LimitRule['for']} ${'requests' | 'concurrent'}`

export function rateLimit(parts: RateLimitParts): Policy {
  const rules = namedRules(parts.rules)
  return {
    name: 'rate-limit',
    needs: 'headers',
    around(exchange, next) {
      // Places first: a request that finds none must not use up a window's count.
      takePlaces(exchange, rules, parts)
      countRequest(exchange, rules, parts)
      return next()
    },
  }
}

interface NamedRule {
  readonly rule: LimitRule
  /** Begins the names of its counts. */
  readonly rate: string
  readonly places: string
}

/**
 * By what a rule says and not by where it stands: counters outlive a change of the configuration, and where other rules
 * came or went this one counts on. Who is under way counts whatever the bound is now; a window of another size begins anew.
 */
function namedRules(rules: readonly LimitRule[]): readonly NamedRule[] {
  const seen = new Map<string, number>()
  const numbered = (name: string): string => {
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    return nth === 1 ? name : `${name} ${nth}`
  }
  return rules.map((rule) => ({
    rule,
    rate: rule.requests ? numbered(`${rule.requests.count}/${rule.requests.windowMs} ${rule.for}`) : '',
    places: rule.concurrent === undefined ? '' : numbered(rule.for),
  }))
}

function takePlaces(exchange: Exchange, rules: readonly NamedRule[], { concurrency, onRefused }: RateLimitParts): void {
  for (const { rule, places } of rules) {
    if (rule.concurrent === undefined) continue
    const name = subject(rule, places, exchange.caller)
    if (name === undefined) continue
    const leave = concurrency.enter(name, rule.concurrent)
    if (!leave) {
      onRefused?.(`${rule.for} concurrent`)
      throw new AiError('policy_concurrency_limited', {
        message: `The limit is ${rule.concurrent} per ${rule.for}.`,
        retryAfterMs: 1_000,
      })
    }
    exchange.onSettle(leave)
  }
}

function countRequest(
  exchange: Exchange,
  rules: readonly NamedRule[],
  { rates, clock, onRefused }: RateLimitParts,
): void {
  const claimed: LimitRule[] = []
  const claims = rules.flatMap(({ rule, rate }): RateClaim[] => {
    if (rule.requests === undefined) return []
    const name = subject(rule, rate, exchange.caller)
    if (name === undefined) return []
    claimed.push(rule)
    return [{ name, limit: rule.requests.count, windowMs: rule.requests.windowMs }]
  })
  const admissions = rates.admitAll(claims, clock.nowMs())
  const told = admissions
    .map((admission, index) => ({
      admission,
      limit: claims[index]?.limit ?? 0,
      whose: claimed[index]?.for ?? 'global',
    }))
    .reduce(tighter, undefined)
  if (told?.admission.kind === 'limited') onRefused?.(`${told.whose} requests`)
  if (told) tell(exchange, told.limit, told.admission)
}

interface Told {
  readonly whose: LimitRule['for']
  readonly limit: number
  readonly admission: Admission
}

// Of several limits the client hears of one: the longest wait where any refuses, because only then would all admit it.
function tighter(best: Told | undefined, next: Told): Told {
  if (best === undefined) return next
  const waits = [best, next].map(({ admission }) => (admission.kind === 'limited' ? admission.retryAfterMs : -1))
  if (waits[0] !== waits[1]) return (waits[1] ?? -1) > (waits[0] ?? -1) ? next : best
  return next.admission.remaining < best.admission.remaining ? next : best
}

// A rule for keys does not bind a caller who has none (auth.mode: none): only `global` does.
function subject(rule: LimitRule, counted: string, caller: Caller): string | undefined {
  switch (rule.for) {
    case 'global':
      return counted
    case 'key':
      return caller.keyId === undefined ? undefined : `${counted}: ${caller.keyId}`
    case 'user':
      return caller.user === undefined ? undefined : `${counted}: ${caller.user}`
    case 'team':
      return caller.team === undefined ? undefined : `${counted}: ${caller.team}`
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
