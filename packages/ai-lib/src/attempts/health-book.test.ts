// Health is found by upstream and model, and follows a place through a change of its settings.
import { expect, it } from 'vitest'
import { type BreakerTurn, HealthBook } from './health-book.ts'
import { breakerBounds } from './breaker.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import { KeyPool } from './key-pool.ts'
import { RetryBudget } from './retry-budget.ts'
import type { Upstream } from './target.ts'

function place(): Upstream {
  return {
    spec: {
      name: 'lab',
      baseUrl: 'http://lab.invalid/v1',
      label: 'Lab',
      source: 'https://lab.invalid',
      asOf: '2026-11-25',
      keyVariables: [],
      baseUrlVariables: [],
      isKeyRequired: false,
      auth: { header: 'authorization', prefix: 'Bearer ' },
      speaks: [],
      quirks: {},
    },
    channel: { send: () => ({ isSent: true, pause() {}, resume() {}, destroy() {} }), close: () => Promise.resolve() },
    basePath: '/v1',
    headers: {},
    keys: new KeyPool([]),
    timeouts: { headMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 },
    retryBudget: new RetryBudget(),
  }
}

function eject(health: EndpointHealth): void {
  for (let failure = 0; failure < breakerBounds.failures; failure++) {
    health.begin(failure)
    health.ended('failed', false, failure)
  }
}

it('carries what is known over, and tells turns with the upstream that stands there now', () => {
  const turns: BreakerTurn[] = []
  const book = new HealthBook((turn) => turns.push(turn))
  const [former, next] = [place(), place()]
  const health = book.of(former, 'model')
  book.carryOver(former, next)
  expect(book.of(next, 'model')).toBe(health)
  eject(book.of(next, 'model'))
  expect(turns.map(({ to }) => to)).toEqual(['open'])
  expect(turns[0]?.upstream).toBe(next)
  expect(book.of(former, 'model').breaker.kind).toBe('open')
})

it('nothing is carried over where nothing is known', () => {
  const book = new HealthBook()
  const next = place()
  book.carryOver(place(), next)
  expect(book.at(next)).toEqual([])
})
