// Policies: who is calling, how much they may, which models, and the order in which that is asked.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { describe, expect, it } from 'vitest'
import { type Answer, refusal } from '../exchange/answer.ts'
import { anonymous, type Caller, type Exchange } from '../exchange/exchange.ts'
import { askedFor, exchangeOf, settlement } from '../exchange/exchange.test.kit.ts'
import { createConcurrencyCounters } from '../stores/memory/concurrency-counters.ts'
import { createRateCounters } from '../stores/memory/rate-counters.ts'
import { auth, identify, type Verified } from './auth.ts'
import { compose } from './compose.ts'
import { modelAccess } from './model-access.ts'
import { orderedPolicies } from './order.ts'
import type { Policy } from './policy.ts'
import { type LimitRule, rateLimit } from './rate-limit.ts'

const answer: Answer = refusal(new AiError('service_not_available'))
const next = (): Promise<Answer> => Promise.resolve(answer)

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (thrown) {
    return thrown instanceof AiError ? thrown.code : String(thrown)
  }
  return 'passed'
}

describe('auth', () => {
  const caller: Caller = { keyId: 'k1', team: 'search' }
  const verify = (credential: string): Verified => {
    if (credential === 'good') return { kind: 'known', caller }
    return { kind: credential === 'old' ? 'expired' : credential === 'bent' ? 'malformed' : 'unknown' }
  }

  it.each([
    [undefined, 'caller_unauthenticated'],
    ['', 'caller_unauthenticated'],
    ['old', 'caller_key_expired'],
    ['bent', 'caller_unknown_key'],
    ['nobody', 'caller_unknown_key'],
    ['good', 'passed'],
  ])('credential %j: %s, and nothing is read of the body', async (credential, expected) => {
    let reads = 0
    const exchange = exchangeOf(credential === undefined ? {} : { credential }, {
      readBody: () => Promise.resolve((reads++, askedFor('m'))),
    })
    const policy = auth({ kind: 'keys', verify })
    expect(policy.needs).toBe('headers')
    expect(await codeOf(async () => policy.around(exchange, next))).toBe(expected)
    expect(exchange.caller).toBe(expected === 'passed' ? caller : anonymous)
    expect(reads).toBe(0)
  })

  it('without authentication everybody is anonymous, whatever they present', async () => {
    const exchange = exchangeOf({ credential: 'anything' })
    expect(await auth({ kind: 'none' }).around(exchange, next)).toBe(answer)
    expect(exchange.caller).toBe(anonymous)
    expect(identify('good', verify)).toBe(caller)
  })
})

describe('model access', () => {
  it.each<[string, ReadonlySet<string> | undefined, string]>([
    ['gpt-4o', undefined, 'passed'],
    ['gpt-4o', new Set(['gpt-4o']), 'passed'],
    ['GPT-4o', new Set(['gpt-4o']), 'policy_model_not_allowed'],
    ['gpt-4o-mini', new Set(['gpt-4o']), 'policy_model_not_allowed'],
    ['gpt-4', new Set(['gpt-4o']), 'policy_model_not_allowed'],
    ['openai/gpt-4o', new Set(['gpt-4o']), 'policy_model_not_allowed'],
    ['gpt-4o', new Set(), 'policy_model_not_allowed'],
  ])('%s for a key that lists %j: %s', async (model, models, expected) => {
    const exchange = exchangeOf()
    exchange.asked = askedFor(model)
    if (models) exchange.caller = { models }
    expect(await codeOf(async () => modelAccess().around(exchange, next))).toBe(expected)
  })

  it('a body that was never read is refused to a key with a list', async () => {
    const exchange = exchangeOf()
    exchange.caller = { models: new Set(['m']) }
    expect(await codeOf(async () => modelAccess().around(exchange, next))).toBe('policy_model_not_allowed')
  })
})

describe('limits', () => {
  const alice: Caller = { keyId: 'k1', user: 'alice', team: 'search' }
  const bob: Caller = { keyId: 'k2', user: 'bob', team: 'search' }

  function limiting(...rules: readonly LimitRule[]) {
    const clock = { now: 0, nowMs: () => clock.now }
    const policy = rateLimit({ rules, rates: createRateCounters(), concurrency: createConcurrencyCounters(), clock })
    const ask = async (caller: Caller): Promise<readonly [string, Exchange]> => {
      const exchange = exchangeOf()
      exchange.caller = caller
      return [await codeOf(async () => policy.around(exchange, next)), exchange]
    }
    return { ask, clock }
  }
  const requests = (count: number): NonNullable<LimitRule['requests']> => ({ count, windowMs: 60_000 })
  function headersOf({ answerHeaders }: Exchange): Record<string, string[]> {
    const read: Record<string, string[]> = {}
    for (let at = 0; at < answerHeaders.length; at += 2)
      (read[answerHeaders[at] ?? ''] ??= []).push(answerHeaders[at + 1] ?? '')
    return read
  }

  it.each<[LimitRule['for'], string, string]>([
    ['key', 'passed', 'policy_rate_limited'],
    ['user', 'passed', 'policy_rate_limited'],
    ['team', 'policy_rate_limited', 'policy_rate_limited'],
    ['global', 'policy_rate_limited', 'policy_rate_limited'],
  ])('for %s: a second caller of the team is %s, the first one again %s', async (whom, other, again) => {
    const { ask } = limiting({ for: whom, requests: requests(1) })
    expect((await ask(alice))[0]).toBe('passed')
    expect((await ask(bob))[0]).toBe(other)
    expect((await ask(alice))[0]).toBe(again)
  })

  it('rules for keys, users and teams do not bind who has none', async () => {
    const { ask } = limiting(
      ...(['key', 'user', 'team'] as const).map((whom) => ({ for: whom, requests: requests(1) })),
    )
    for (let index = 0; index < 5; index++) expect((await ask(anonymous))[0]).toBe('passed')
  })

  it('counts go on through a change of the configuration, where the rule itself is what it was', async () => {
    const shared = { rates: createRateCounters(), concurrency: createConcurrencyCounters(), clock: { nowMs: () => 0 } }
    const policyOf = (...rules: readonly LimitRule[]) => rateLimit({ rules, ...shared })
    const ask = (policy: Policy) => {
      const exchange = exchangeOf()
      exchange.caller = alice
      return codeOf(async () => policy.around(exchange, next))
    }
    const rule: LimitRule = { for: 'key', requests: requests(1) }
    expect(await ask(policyOf(rule))).toBe('passed')
    // Another rule before it, and its place is another.
    const others = policyOf({ for: 'global', requests: requests(100) }, rule)
    expect(await ask(others)).toBe('policy_rate_limited')
    expect(await ask(policyOf({ for: 'key', requests: requests(2) }))).toBe('passed')
    // Who is under way counts against a bound that is lower now.
    expect(await ask(policyOf({ for: 'team', concurrent: 5 }))).toBe('passed')
    expect(await ask(policyOf({ for: 'team', concurrent: 1 }))).toBe('policy_concurrency_limited')
  })

  it('tells the limit, what remains, and to a refused caller exactly when to come back', async () => {
    const { ask, clock } = limiting({ for: 'key', requests: requests(2) })
    const [, first] = await ask(alice)
    expect(headersOf(first)).toEqual({
      'x-ratelimit-limit-requests': ['2'],
      'x-ratelimit-remaining-requests': ['1'],
      'x-ratelimit-reset-requests': ['30000ms'],
    })
    await ask(alice)
    const exchange = exchangeOf()
    expect((await ask(alice))[0]).toBe('policy_rate_limited')
    expect(exchange.isSettled).toBe(false)
    clock.now = 29_999
    expect((await ask(alice))[0]).toBe('policy_rate_limited')
    clock.now = 30_000
    expect((await ask(alice))[0]).toBe('passed')
  })

  it('tells metrics whose limit refused, and of what, once for each refusal', async () => {
    const refused: string[] = []
    const rules: readonly LimitRule[] = [
      { for: 'global', requests: requests(100) },
      { for: 'team', requests: requests(1) },
      { for: 'key', concurrent: 2 },
    ]
    const policy = rateLimit({
      rules,
      rates: createRateCounters(),
      concurrency: createConcurrencyCounters(),
      clock: { nowMs: () => 0 },
      onRefused: (limit) => refused.push(limit),
    })
    for (let index = 0; index < 3; index++) {
      const exchange = exchangeOf()
      exchange.caller = alice
      await codeOf(async () => policy.around(exchange, next))
    }
    expect(refused).toEqual(['team requests', 'key concurrent'])
  })

  it('a place is held until the exchange settles, and no longer', async () => {
    const { ask } = limiting({ for: 'key', concurrent: 1 })
    const [passed, first] = await ask(alice)
    expect(passed).toBe('passed')
    expect((await ask(alice))[0]).toBe('policy_concurrency_limited')
    expect((await ask(bob))[0]).toBe('passed')
    first.settle(settlement)
    expect((await ask(alice))[0]).toBe('passed')
  })

  it('a refusal by a later rule gives back the places of the earlier ones', async () => {
    const { ask } = limiting({ for: 'global', concurrent: 1 }, { for: 'key', requests: requests(1) })
    ;(await ask(alice))[1].settle(settlement)
    const [refused, second] = await ask(alice)
    expect(refused).toBe('policy_rate_limited')
    second.settle({ ...settlement, end: 'refused' })
    expect((await ask(bob))[0]).toBe('passed')
  })

  it('a request that finds no place uses up no count', async () => {
    const { ask } = limiting({ for: 'key', requests: requests(2), concurrent: 1 })
    const [, first] = await ask(alice)
    for (let index = 0; index < 5; index++) expect((await ask(alice))[0]).toBe('policy_concurrency_limited')
    first.settle(settlement)
    expect((await ask(alice))[0]).toBe('passed')
  })

  it("what one caller's own limit refuses uses up nothing of what all share", async () => {
    const { ask } = limiting({ for: 'global', requests: requests(3) }, { for: 'key', requests: requests(1) })
    expect((await ask(alice))[0]).toBe('passed')
    for (let index = 0; index < 5; index++) expect((await ask(alice))[0]).toBe('policy_rate_limited')
    expect((await ask(bob))[0]).toBe('passed')
  })

  it('several rules are told as one: the one with the least left', async () => {
    const { ask } = limiting({ for: 'key', requests: requests(10) }, { for: 'global', requests: requests(3) })
    const [, exchange] = await ask(alice)
    expect(headersOf(exchange)).toMatchObject({
      'x-ratelimit-limit-requests': ['3'],
      'x-ratelimit-remaining-requests': ['2'],
    })
  })
})

describe('the order', () => {
  it('puts the first policy outermost', async () => {
    const steps: string[] = []
    const named = (name: string): Policy => ({
      name,
      needs: 'headers',
      async around(_exchange, go) {
        steps.push(`${name} in`)
        const came = await go()
        steps.push(`${name} out`)
        return came
      },
    })
    const handler = compose([named('a'), named('b')], () => Promise.resolve((steps.push('middle'), answer)))
    expect(await handler(exchangeOf())).toBe(answer)
    expect(steps).toEqual(['a in', 'b in', 'middle', 'b out', 'a out'])
  })

  it('asks who is calling before how much, and that before which model', () => {
    const limits = { rates: createRateCounters(), concurrency: createConcurrencyCounters(), clock: { nowMs: () => 0 } }
    const names = (rules: readonly LimitRule[]): readonly string[] =>
      orderedPolicies({ auth: { kind: 'none' }, limits: { ...limits, rules } }).map(({ name }) => name)
    expect(names([{ for: 'key', concurrent: 1 }])).toEqual(['auth', 'rate-limit', 'model-access'])
    expect(names([])).toEqual(['auth', 'model-access'])
  })
})
