import { expect, test } from 'vitest'
import { readTraceparent } from '../../exchange/trace-context.ts'
import { traceStart } from './start-trace.ts'

const parent = (flags: string, traceId = '4bf92f3577b34da6a3ce929d0e0e4736'): string =>
  `00-${traceId}-00f067aa0ba902b7-${flags}`
const all = traceStart({ share: 1, followsParent: true })

test('a trace begins here where no parent came, with ids of its own', () => {
  const [one, two] = [all(undefined, undefined), all('nonsense', 'foo=1')]
  expect(one).toMatchObject({ parentId: undefined, state: undefined, isSampled: true, flags: 3 })
  expect(two).toMatchObject({ parentId: undefined, state: undefined, isSampled: true })
  expect(new Set([one?.traceId, two?.traceId, one?.spanId, two?.spanId]).size).toBe(4)
})

test('a span of ours stands between the caller’s and those of attempts', () => {
  const trace = all(parent('01'), 'foo=1')
  expect(trace).toMatchObject({ parentId: '00f067aa0ba902b7', state: 'foo=1', flags: 1 })
  const told = [0, 1, 0].map((index) => readTraceparent(trace?.attemptHeaders(index)['traceparent'] ?? ''))
  expect(told.map((one) => one?.traceId)).toEqual(Array(3).fill('4bf92f3577b34da6a3ce929d0e0e4736'))
  expect(told[0]?.spanId).toBe(told[2]?.spanId)
  expect(new Set([trace?.spanId, trace?.parentId, told[0]?.spanId, told[1]?.spanId]).size).toBe(4)
})

test('a caller decides for what it sends, and not where the operator says otherwise', () => {
  const none = traceStart({ share: 0, followsParent: true })
  expect([none(undefined, undefined)?.isSampled, none(parent('01'), undefined)?.isSampled]).toEqual([false, true])
  expect(all(parent('00'), undefined)?.isSampled).toBe(false)
  expect(traceStart({ share: 0, followsParent: false })(parent('01'), undefined)?.isSampled).toBe(false)
  expect(traceStart({ share: 1, followsParent: false })(parent('00'), undefined)?.isSampled).toBe(true)
})

test('what is not sampled is passed on as such, under a span of ours', () => {
  const trace = all(parent('00'), undefined)
  expect(trace?.attemptHeaders(0)['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[\da-f]{16}-00$/)
  expect(trace?.attemptHeaders(0)['traceparent']).not.toContain('00f067aa0ba902b7')
})

test('a share is decided by the end of the trace id, the same everywhere', () => {
  const half = traceStart({ share: 0.5, followsParent: false })
  const at = (end: string): boolean | undefined => half(parent('00', `${'1'.repeat(19)}${end}`), undefined)?.isSampled
  expect([at('8000000000000'), at('7ffffffffffff'), at('fffffffffffff'), at('0000000000000')]).toEqual([
    true,
    false,
    true,
    false,
  ])
  const taken = Array.from({ length: 2_000 }, () => half(undefined, undefined)).filter((trace) => trace?.isSampled)
  // Six standard deviations from a half.
  expect(Math.abs(taken.length - 1_000)).toBeLessThan(135)
})
