// Names to targets: aliases, provider/model, bare names, what is nearest, and memory that clients cannot grow.
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import { roundRobin } from 'ai-lib/internal/attempts/balancers/round-robin'
import { HealthBook } from 'ai-lib/internal/attempts/health-book'
import type { Target, Upstream } from 'ai-lib/internal/attempts/target'
import type { TargetRoute } from 'ai-lib/internal/attempts/target-route'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { findModel, modelsOf, providersOfBareModel } from 'ai-lib/internal/catalog/catalogue'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { describe, expect, it } from 'vitest'
import { type Alias, Router } from './route.ts'

function upstream(name: string): Upstream {
  const spec = providerSpecs.get(name)
  if (!spec) throw new Error(name)
  const channel = {
    send(): never {
      throw new Error('nothing is sent here')
    },
    close: () => Promise.resolve(),
  }
  const timeouts = { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 }
  return { spec, channel, basePath: '', headers: {}, keys: new KeyPool([]), timeouts, retryBudget: new RetryBudget() }
}

const openai = upstream('openai')
const anthropic = upstream('anthropic')
const member = (endpoint: string, at: Upstream, model: string) => ({ endpoint, upstream: at, model })
const production: Alias = {
  name: 'production',
  pools: [
    {
      balancer: roundRobin,
      members: [member('production/a', openai, 'gpt-a'), member('production/b', openai, 'gpt-b')],
    },
    { balancer: roundRobin, members: [member('anthropic', anthropic, 'claude-c')] },
  ],
}
const shadowing: Alias = {
  name: 'openai/gpt-4o',
  pools: [{ balancer: roundRobin, members: [member('shadow', openai, 'other')] }],
}

function router(names: readonly ('openai' | 'anthropic')[] = ['openai', 'anthropic']): Router {
  const all = { openai, anthropic }
  return new Router({
    health: new HealthBook(),
    upstreams: new Map(names.map((name) => [name, all[name]])),
    aliases: new Map([production, shadowing].map((alias) => [alias.name, alias])),
    facts: {
      find: findModel,
      providersOf: providersOfBareModel,
      modelsOf,
      keyVariableOf: (provider) => providerSpecs.get(provider)?.keyVariables[0],
    },
  })
}
const targets = (
  model: string,
  operation: 'chat' | 'messages' | 'embeddings' = 'chat',
  of = router(),
): readonly string[] =>
  inTurn(of.resolve(operation, model)).map(({ endpoint, model: theirs, lane }) => `${endpoint} ${theirs} ${lane.kind}`)

/** All targets, in the order in which an exchange that fails everywhere is sent to them. */
function inTurn(route: TargetRoute): readonly Target[] {
  const tried: Target[] = []
  for (let next = route.pick(0, tried); next; next = route.pick(0, tried)) tried.push(next)
  return tried
}

function errorOf(act: () => unknown): AiError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof AiError) return thrown
    throw thrown
  }
  throw new Error('It resolved.')
}

describe('an alias', () => {
  it('gives its endpoints in turn, and its fallbacks last, in order', () => {
    const one = router()
    expect(targets('production', 'chat', one)).toEqual([
      'production/a gpt-a same',
      'production/b gpt-b same',
      'anthropic claude-c translate',
    ])
    expect(targets('production', 'chat', one)).toEqual([
      'production/b gpt-b same',
      'production/a gpt-a same',
      'anthropic claude-c translate',
    ])
    expect(targets('production', 'chat', one)[0]).toBe('production/a gpt-a same')
  })

  it('gives only targets that know the operation', () => {
    expect(targets('production', 'embeddings')).toEqual(['production/a gpt-a same', 'production/b gpt-b same'])
    expect(targets('production', 'messages').at(-1)).toBe('anthropic claude-c same')
  })

  it('comes before a provider of the same words', () => {
    expect(targets('openai/gpt-4o')).toEqual(['shadow other same'])
  })
})

describe('provider/model', () => {
  it.each([
    ['openai/gpt-4o-mini', ['openai gpt-4o-mini same']],
    ['openai/made-up', ['openai made-up same']],
    ['openai/org/model', ['openai org/model same']],
    ['anthropic/claude-sonnet-5', ['anthropic claude-sonnet-5 translate']],
  ])('%s', (model, expected) => {
    expect(targets(model)).toEqual(expected)
  })

  it.each(['OpenAI/gpt-4o-mini', 'groq/llama', '/gpt-4o', 'openai/', 'nobody/gpt-4o', '__proto__/x', 'constructor'])(
    '%s is unknown',
    (model) => {
      expect(errorOf(() => targets(model))).toMatchObject({ code: 'caller_model_not_found', status: 404 })
    },
  )

  it('of a provider without a key says which variable would help', () => {
    expect(errorOf(() => targets('openai/gpt-4o-mini', 'chat', router(['anthropic']))).message).toContain(
      'OPENAI_API_KEY',
    )
  })

  it('an operation that the provider has not is no such route', () => {
    expect(errorOf(() => targets('anthropic/claude-sonnet-5', 'embeddings')).code).toBe('caller_route_not_found')
  })
})

describe('a bare name', () => {
  const shared = modelsOf('openai').find(({ id }) => providersOfBareModel(id).includes('openai'))?.id ?? ''

  it('goes to the one configured provider that has it', () => {
    expect(targets(shared, 'chat', router(['openai']))).toEqual([`openai ${shared} same`])
    expect(errorOf(() => targets(shared, 'chat', router(['anthropic']))).code).toBe('caller_model_not_found')
  })

  it('is told the full names that are near, the provider left out', () => {
    const { message } = errorOf(() => targets('gpt-4o-minni', 'chat', router(['openai'])))
    expect(message).toMatch(/"gpt-4o-minni" is unknown\. Nearest: openai\/gpt-4o-mini[,.]/)
  })

  it('that nobody has is told the nearest names, safely', () => {
    expect(errorOf(() => targets('producton')).message).toContain('production')
    const hostile = errorOf(() => targets(`${'x'.repeat(1e6)}`))
    expect(hostile.code).toBe('caller_model_not_found')
    expect(hostile.message.length).toBeLessThan(1_000)
  })
})

describe('memory', () => {
  it('is bounded, whatever names clients make up', () => {
    const one = router()
    for (let index = 0; index < 20_000; index++) one.resolve('chat', `openai/${index}`)
    for (let index = 0; index < 20_000; index++) one.isKnownModel('openai', `made-up-${index}`)
    // What the router keeps is private; what it shows is that it still answers, and rightly.
    expect(targets('openai/19999', 'chat', one)).toEqual(['openai 19999 same'])
    expect(one.isKnownModel('openai', 'made-up-1')).toBe(false)
    expect(one.isKnownModel('openai', 'gpt-a')).toBe(true)
  })
})

it('lists aliases first, then what each provider has by its full name', () => {
  const list = router(['anthropic']).list()
  expect(list.slice(0, 2)).toEqual([
    { id: 'production', provider: 'ai-service' },
    { id: 'openai/gpt-4o', provider: 'ai-service' },
  ])
  expect(list.length).toBeGreaterThan(3)
  for (const { id, provider } of list.slice(2)) expect(id.startsWith(`${provider}/`)).toBe(true)
})
