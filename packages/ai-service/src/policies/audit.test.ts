// When an answer may leave: with the start of its request on disk, as far as the operator asked for that.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { expect, it, test } from 'vitest'
import type { Answer } from '../exchange/answer.ts'
import { exchangeOf, settlement } from '../exchange/exchange.test.kit.ts'
import { audit, type RequestAudit } from './audit.ts'

const answer: Answer = { kind: 'left', attempts: [] }

function trail(durability: RequestAudit['durability'], durable: () => Promise<void> | undefined) {
  const seen: string[] = []
  const policy = audit({
    durability,
    start: () => (seen.push('start'), 1),
    end: (_, { end }) => void seen.push(end),
    durable: (ticket) => (seen.push(`durable ${ticket}?`), durable()),
  })
  return { policy, seen }
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, open: resolve }
}

test.each([
  ['answer', ['start', 'asked', 'durable 1?', 'on disk']],
  ['upstream', ['start', 'durable 1?', 'on disk', 'asked']],
  ['async', ['start', 'asked']],
] as const)('with durability %s the order is %j', async (durability, order) => {
  const disk = gate()
  const { policy, seen } = trail(durability, () => disk.promise)
  const answered = policy.around(exchangeOf(), async () => (seen.push('asked'), answer))
  setImmediate(() => {
    if (durability !== 'async') seen.push('on disk')
    disk.open()
  })
  expect(await answered).toBe(answer)
  expect(seen).toEqual(order)
})

it('a record that cannot be had is a refusal, and lets go of the stream that was open', async () => {
  const away = new AiError('service_audit_away')
  const { policy } = trail('answer', () => Promise.reject(away))
  let destroyed = 0
  // Of the stream only its end matters.
  const stream = { kind: 'stream', stream: { destroy: () => void destroyed++ } } as unknown as Answer
  await expect(policy.around(exchangeOf(), async () => stream)).rejects.toBe(away)
  expect(destroyed).toBe(1)
})

it('a refusal leaves with the start on disk as well', async () => {
  const disk = gate()
  const { policy, seen } = trail('answer', () => disk.promise)
  const refused = policy.around(exchangeOf(), () => Promise.reject(new AiError('caller_model_not_found')))
  setImmediate(disk.open)
  await expect(refused).rejects.toThrow('no such model')
  expect(seen).toEqual(['start', 'durable 1?'])
})

it('the end is recorded once, however it comes', async () => {
  const exchange = exchangeOf()
  const { policy, seen } = trail('async', () => undefined)
  await policy.around(exchange, async () => answer)
  exchange.settle({ ...settlement, end: 'truncated' })
  exchange.settle(settlement)
  expect(seen).toEqual(['start', 'truncated'])
})
