// A listener of a settlement that throws: the others hear of it all the same, so no place of a limit is lost, and the fault is told.
import { expect, test } from 'vitest'
import { Exchange } from '../../packages/ai-service/dist/exchange/exchange.js'
import type { Settlement } from '../../packages/ai-service/dist/exchange/settlement.js'

const settlement: Settlement = {
  end: 'completed',
  status: 200,
  metered: { kind: 'unknown' },
  attempts: [],
  losses: [],
  durationMs: 1,
  overheadMs: 1,
}

test('T38 a settlement listener that throws keeps no other from hearing, and its fault is thrown', () => {
  const exchange = new Exchange({
    id: 'req_1',
    operation: 'chat',
    path: '/v1/chat/completions',
    head: { forwarded: {}, strictLosses: false },
    signal: new AbortController().signal,
    startedMs: 0,
    readBody: () => Promise.reject(new Error('nobody reads')),
  })
  const heard: string[] = []
  exchange.onSettle(() => {
    heard.push('first')
    throw new Error('a fault of the first')
  })
  exchange.onSettle(() => void heard.push('second'))
  expect(() => exchange.settle(settlement)).toThrow('a fault of the first')
  exchange.settle(settlement)
  expect(heard).toEqual(['first', 'second'])
})
