// Exchanges and settlements for tests, with everything a test does not care about filled in.
import { operations } from 'ai-lib/internal/dialects/registry'
import type { Asked } from 'ai-lib/internal/lanes/prepare-request'
import { Exchange, type ExchangeHead, type ExchangeStart } from './exchange.ts'
import type { Settlement } from './settlement.ts'

export const settlement: Settlement = {
  end: 'completed',
  status: 200,
  metered: { kind: 'unknown' },
  attempts: [],
  losses: [],
  durationMs: 1,
  overheadMs: 1,
}

export function askedFor(model: string): Asked {
  const body = Buffer.from(JSON.stringify({ model, messages: [] }))
  return {
    body: [body],
    head: operations.chat.wire.peek(body),
    canonical() {
      throw new Error('nobody translates here')
    },
  }
}

export function exchangeOf(head: Partial<ExchangeHead> = {}, more: Partial<ExchangeStart> = {}): Exchange {
  return new Exchange({
    id: 'r1',
    operation: 'chat',
    path: '/v1/chat/completions',
    head: { forwarded: {}, strictLosses: false, ...head },
    signal: new AbortController().signal,
    startedMs: 0,
    readBody: () => Promise.resolve(askedFor('m')),
    ...more,
  })
}
