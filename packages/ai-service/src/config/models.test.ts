// What of `models:` is refused or warned of, and with which words.
import { expect, test } from 'vitest'
import { mustLoad, problemsOf } from './load.test.kit.ts'

const KEYS = { OPENAI_API_KEY: 'sk-openai' }

test('a model that can serve nothing is warned of', async () => {
  const yaml = (fallbacks: string) =>
    `models: { a: { endpoints: [ { provider: openai, model: m, healthy: false } ], fallbacks: [ ${fallbacks} ] } }`
  expect((await mustLoad(yaml(''), { env: KEYS })).warnings.join()).toContain('models.a serves nothing')
  expect((await mustLoad(yaml('openai/x'), { env: KEYS })).warnings).toEqual([])
})

const one = '{ provider: openai, model: m }'
test.each([
  [
    'an unknown strategy',
    `{ strategy: wieghted, endpoints: [ ${one} ] }`,
    'models.a.strategy',
    /round-robin, weighted, least-connections.*weighted\?/,
  ],
  [
    'a negative weight',
    '{ endpoints: [ { provider: openai, model: m, weight: -1 } ] }',
    'models.a.endpoints.0.weight',
    /expected a number above 0/,
  ],
  [
    'no endpoint',
    '{ endpoints: [] }',
    'models.a.endpoints',
    /found an empty list, expected a list with at least one endpoint/,
  ],
  [
    'two of one name',
    '{ endpoints: [ { name: x, provider: openai, model: m }, { name: x, provider: openai, model: n } ] }',
    'models.a.endpoints.1.name',
    /expected names that differ/,
  ],
  [
    'an unknown probe',
    `{ endpoints: [ ${one} ], health: { probe: ping } }`,
    'models.a.health.probe',
    /none, models, chat/,
  ],
  [
    'a probe every millisecond',
    `{ endpoints: [ ${one} ], health: { interval: 1ms } }`,
    'models.a.health.interval',
    /duration/,
  ],
])('%s is refused with its line, its path and what was expected', async (_what, model, path, expected) => {
  const found = await problemsOf(`providers: { openai: {} }\nmodels:\n  a: ${model}\n`, { env: KEYS })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^ai-service\.yaml:3:\d+ /)
  expect(found[0]).toContain(path)
  expect(found[0]).toMatch(expected)
})
