// No secret of a configuration is forgotten, wherever it stands.
import { Secret } from 'ai-lib/internal/errors/secret'
import { expect, test } from 'vitest'
import { secretsIn } from './secrets-in.ts'

const reveal = (value: unknown): readonly string[] => secretsIn(value).map((secret) => secret.reveal())

test('secrets are found in objects, lists, maps and sets, each once', () => {
  const twice = new Secret('one')
  const config = {
    providers: new Map([['openai', { keys: [{ secret: twice }, { secret: new Secret('two') }], other: twice }]]),
    auth: { pepper: new Secret('three') },
    later: new Set([new Secret('four')]),
    plain: 'no secret',
    nothing: null,
    count: 1n,
  }
  expect(reveal(config)).toEqual(['one', 'two', 'three', 'four'])
})

test('what refers to itself ends', () => {
  const loop: Record<string, unknown> = { secret: new Secret('one') }
  loop['self'] = loop
  expect(reveal(loop)).toEqual(['one'])
})

test('headers that name a credential are secrets though written out, the others are not', () => {
  const headers = { 'OpenAI-Organization': 'org-x', 'X-Gateway-Token': 'written-out', 'cf-access-client-secret': 'too' }
  expect(reveal({ provider: { headers } })).toEqual(['written-out', 'too'])
})
