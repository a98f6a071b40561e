// Who of a pool is asked: the strategy among those that are well, what half of a pool being out means, the last resort.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseLane } from '../lanes/choose-lane.ts'
import { providerSpecs } from '../providers/registry.ts'
import { fakeChannel } from './attempt.test.kit.ts'
import { balancers, type StrategyName } from './balancers/registry.ts'
import { breakerBounds } from './breaker.ts'
import { EndpointHealth } from './endpoint-health.ts'
import { KeyPool } from './key-pool.ts'
import { RetryBudget } from './retry-budget.ts'
import { type Target, unweighed } from './target.ts'
import { TargetPool } from './target-pool.ts'
import { TargetRoute } from './target-route.ts'

const spec = providerSpecs.get('openai')
const lane = spec && chooseLane('chat', spec)
if (!spec || lane?.kind !== 'same') throw new Error('openai speaks chat')
const timeouts = { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 }
const upstream = {
  spec,
  channel: fakeChannel().channel,
  basePath: '',
  headers: {},
  keys: new KeyPool([]),
  timeouts,
  retryBudget: new RetryBudget(),
}
const same = lane

type Made = Target & { mark: { healthy?: boolean } }
function made(endpoint: string, weight = 1): Made {
  return { endpoint, upstream, model: 'm', lane: same, ...unweighed(new EndpointHealth()), weight, mark: {} }
}
function trip({ health }: Target, nowMs = 0): void {
  for (let at = 0; at < breakerBounds.failures; at++) health.ended('failed', health.begin(nowMs), nowMs)
}
const strategies = Object.keys(balancers).map((name) => name as StrategyName)
const none: readonly Target[] = []
const names = (targets: readonly (Target | undefined)[]): readonly (string | undefined)[] =>
  targets.map((target) => target?.endpoint)

describe.each(strategies)('%s', (strategy) => {
  it('never gives one that is out, tried or marked, and always one that is well', () => {
    const member = fc.record({ isOut: fc.boolean(), isMarked: fc.boolean(), isTried: fc.boolean() })
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 8 }), fc.nat(20), (list, picks) => {
        const members = list.map((_, at) => made(`m${at}`, at + 1))
        for (const [at, one] of members.entries()) {
          if (list[at]?.isOut) trip(one)
          if (list[at]?.isMarked) one.mark.healthy = false
        }
        const tried = members.filter((_, at) => list[at]?.isTried)
        const pool = new TargetPool(members, balancers[strategy])
        const well = members.filter((_, at) => !list[at]?.isOut && !list[at]?.isMarked && !list[at]?.isTried)
        for (let at = 0; at <= picks; at++) {
          const picked = pool.pick(1, tried)
          if (well.length === 0) expect(picked).toBeUndefined()
          else expect(well).toContain(picked)
        }
        expect(pool.hasAble(1, tried)).toBe(well.length > 0)
      }),
    )
  })
})

describe('a pool', () => {
  it('gives its weights exactly under concurrent requests of any length', () => {
    const [east, west] = [made('east', 1), made('west', 0.8)]
    const pool = new TargetPool([east, west], balancers.weighted)
    const under: Target[] = []
    let asked = 0
    for (let at = 0; at < 10_000; at++) {
      const picked = pool.pick(at, none)
      if (picked === east) asked++
      if (picked) under.push(picked)
      picked?.health.begin(at)
      // Answers come back in another order than they were asked for.
      if (at % 3 === 0) under.splice(at % under.length, 1)[0]?.health.ended('answered', false, at)
    }
    expect(Math.abs(asked - 10_000 / 1.8)).toBeLessThan(100)
  })

  it('gives one that comes back its share and no more', () => {
    const [a, b] = [made('a'), made('b')]
    const pool = new TargetPool([a, b], balancers.weighted)
    trip(b)
    for (let at = 0; at < 100; at++) expect(pool.pick(1, none)).toBe(a)
    b.health.probed(true, 2)
    expect(names(Array.from({ length: 4 }, () => pool.pick(3, none))).filter((name) => name === 'b')).toHaveLength(2)
  })

  it('lets one trial through when the time of one that was out has come', () => {
    const [a, b] = [made('a'), made('b')]
    const pool = new TargetPool([a, b], balancers['round-robin'])
    trip(b)
    const due = breakerBounds.baseMs
    const first = Array.from({ length: 2 }, () => pool.pick(due, none))
    expect(names(first)).toContain('b')
    b.health.begin(due)
    expect(names(Array.from({ length: 4 }, () => pool.pick(due, none)))).toEqual(['a', 'a', 'a', 'a'])
  })

  it('has at most half of its members out by the clock: those beyond are tried once in a second', () => {
    const members = ['a', 'b', 'c', 'd'].map((name) => made(name))
    const pool = new TargetPool(members, balancers['round-robin'])
    for (const [at, one] of members.slice(1).entries()) trip(one, at)
    const atOnce = new Set(names(Array.from({ length: 20 }, () => pool.pick(10, none))))
    expect(atOnce).toEqual(new Set(['a']))
    const later = breakerBounds.keptMs + 5
    expect(new Set(names(Array.from({ length: 20 }, () => pool.pick(later, none))))).toEqual(new Set(['a', 'b']))
    // Never as the way out of another failure: that would multiply an outage.
    expect(pool.pick(later, members.slice(0, 1))).toBeUndefined()
  })
})

describe('a route', () => {
  const [a, b, c] = [made('a'), made('b'), made('c')]
  const route = new TargetRoute([
    new TargetPool([a, b], balancers['round-robin']),
    new TargetPool([c], balancers['round-robin']),
  ])

  it('goes from pool to pool, each target once', () => {
    expect(names([route.pick(0, [a]), route.pick(0, [a, b]), route.pick(0, [a, b, c])])).toEqual(['b', 'c', undefined])
  })

  it('where all are failing, has a last resort: the one that is due first, one trial at a time', () => {
    trip(a, 3)
    trip(b, 1)
    trip(c, 2)
    expect(route.pick(4, none)).toBeUndefined()
    expect(route.isRecovering()).toBe(true)
    const order: (Target | undefined)[] = []
    for (let at = 0; at < 4; at++) {
      const next = route.pickLastResort(none)
      order.push(next)
      next?.health.begin(4)
    }
    expect(names(order)).toEqual(['b', 'c', 'a', undefined])
  })

  it('is never shut while a target is neither marked nor on trial, and never tries one twice at a time', () => {
    const member = fc.record({
      state: fc.constantFrom('well', 'out', 'on-trial'),
      isMarked: fc.boolean(),
    })
    const stages = fc.array(fc.array(member, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(stages, fc.constantFrom(...strategies), (list, strategy) => {
        const pools = list.map((stage) =>
          stage.map(({ state, isMarked }) => {
            const one = made('x')
            if (state !== 'well') trip(one)
            if (state === 'on-trial') one.health.begin(1)
            if (isMarked) one.mark.healthy = false
            return one
          }),
        )
        const all = pools.flat()
        const due = new TargetRoute(pools.map((members) => new TargetPool(members, balancers[strategy])))
        const picked = due.pick(2, none) ?? due.pickLastResort(none)
        const open = all.filter(({ health, mark }) => mark.healthy !== false && health.breaker.kind !== 'half-open')
        if (open.length === 0) expect(picked).toBeUndefined()
        else expect(open).toContain(picked)
        const well = open.filter(({ health }) => health.breaker.kind === 'closed')
        if (well.length > 0) expect(well).toContain(picked)
      }),
    )
  })

  it('has none where all are marked unhealthy by hand', () => {
    const marked = made('x')
    marked.mark.healthy = false
    trip(marked)
    const only = TargetRoute.inOrder([marked])
    expect([only.pick(0, none), only.pickLastResort(none), only.isRecovering()]).toEqual([undefined, undefined, false])
  })
})
