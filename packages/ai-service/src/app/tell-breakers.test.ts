// Lines about breakers: one when an endpoint goes out, one when it is back, none for trials in between.
import { HealthBook } from 'ai-lib/internal/attempts/health-book'
import { KeyPool } from 'ai-lib/internal/attempts/key-pool'
import { RetryBudget } from 'ai-lib/internal/attempts/retry-budget'
import { providerSpecs } from 'ai-lib/internal/providers/registry'
import { expect, it } from 'vitest'
import { tellBreakers } from './tell-breakers.ts'

it('says when an endpoint is left alone and when it is back, and nothing of the trials between', () => {
  const spec = providerSpecs.get('openai')
  if (!spec) throw new Error('openai')
  const channel = {
    send(): never {
      throw new Error('nothing is sent here')
    },
    close: () => Promise.resolve(),
  }
  const timeouts = { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 }
  const keys = new KeyPool([])
  const upstream = { spec, channel, basePath: '', headers: {}, keys, timeouts, retryBudget: new RetryBudget() }
  const lines: unknown[] = []
  const log = {
    warn: (message: string, fields?: object) => void lines.push([message, fields]),
    info: (message: string, fields?: object) => void lines.push([message, fields]),
  }
  const health = new HealthBook(
    tellBreakers(
      log,
      () => ['production/east'],
      () => 0,
    ),
  ).of(upstream, 'gpt-4o')
  for (let at = 0; at < 5; at++) health.ended('failed', health.begin(0), 0)
  for (let at = 0; at < 5; at++) health.ended('failed', health.begin(10), 10)
  health.ended('answered', health.begin(40_000), 40_000)
  const where = { endpoints: ['production/east'], provider: 'openai', model: 'gpt-4o' }
  expect(lines).toEqual([
    ['an endpoint keeps failing and is left alone', { ...where, seconds: 30, ejections: 1 }],
    ['an endpoint is back', where],
  ])
})
