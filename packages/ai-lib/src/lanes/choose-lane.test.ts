// The lane of every built-in provider for every operation, as a table: same dialect first, then translation, then nothing.
import { describe, expect, it } from 'vitest'
import type { OperationId } from '../dialects/dialect.ts'
import { operations } from '../dialects/registry.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { providerSpecs } from '../providers/registry.ts'
import { chooseLane, upstreamPath } from './choose-lane.ts'

const operationIds = Object.keys(operations) as OperationId[]
const cases = [...providerSpecs.values()].flatMap((spec) =>
  operationIds.map((asked) => [spec.name, asked, spec] as const),
)

/** What a provider's data file promises, said without the function under test. */
function promised(asked: OperationId, { speaks }: ProviderSpec): string {
  if (speaks.some(({ operations: able }) => able.includes(asked))) return `same ${asked}`
  if (asked !== 'chat' && asked !== 'messages') return 'unsupported'
  const other = asked === 'chat' ? 'messages' : 'chat'
  return speaks.some(({ operations: able }) => able.includes(other)) ? `translate ${asked} to ${other}` : 'unsupported'
}

function chosen(asked: OperationId, spec: ProviderSpec): string {
  const lane = chooseLane(asked, spec)
  switch (lane.kind) {
    case 'same':
      return `same ${lane.operation.id}`
    case 'translate':
      return `translate ${lane.from.operation.id} to ${lane.to.operation.id}`
    case 'unsupported':
      return 'unsupported'
  }
}

describe('chooseLane', () => {
  it.each(cases)('%s, asked for %s, gets what its data file promises', (_name, asked, spec) => {
    expect(chosen(asked, spec)).toBe(promised(asked, spec))
  })

  it.each([
    ['openai', 'chat', 'same chat'],
    ['openai', 'messages', 'translate messages to chat'],
    ['openai', 'responses', 'same responses'],
    ['openai', 'count-tokens', 'unsupported'],
    ['anthropic', 'messages', 'same messages'],
    ['anthropic', 'count-tokens', 'same count-tokens'],
    ['anthropic', 'chat', 'translate chat to messages'],
    ['anthropic', 'embeddings', 'unsupported'],
    ['anthropic', 'responses', 'unsupported'],
    ['azure-openai', 'completions', 'unsupported'],
    ['gemini', 'messages', 'translate messages to chat'],
    ['simulator', 'messages', 'same messages'],
  ] as const)('%s, asked for %s: %s', (name, asked, expected) => {
    const spec = providerSpecs.get(name)
    expect(spec && chosen(asked, spec)).toBe(expected)
  })

  it('gives each provider at least one way to chat', () => {
    for (const spec of providerSpecs.values()) expect(chosen('chat', spec), spec.name).not.toBe('unsupported')
  })
})

describe('upstreamPath', () => {
  const openai = operations.chat
  it.each([
    ['/v1', undefined, '/v1/chat/completions'],
    ['', undefined, '/chat/completions'],
    ['/openai/v1', undefined, '/openai/v1/chat/completions'],
    ['/v1', '/v1beta/openai', '/v1beta/openai/chat/completions'],
    ['/v1', '', '/chat/completions'],
  ])('base %j and origin path %j give %s', (basePath, originPath, expected) => {
    const speaks = { dialect: 'openai-chat', operations: ['chat'] } as const
    expect(upstreamPath(basePath, originPath === undefined ? speaks : { ...speaks, originPath }, openai)).toBe(expected)
  })
})
