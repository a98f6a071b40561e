import { describe, expect, test } from 'vitest'
import { passTrace } from './exchange-trace.ts'
import { readTraceparent, readTracestate, writeTraceparent } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

describe('traceparent', () => {
  test.each([
    ['sampled', `00-${traceId}-${spanId}-01`, 1],
    ['not sampled', `00-${traceId}-${spanId}-00`, 0],
    ['with a random id', `00-${traceId}-${spanId}-03`, 3],
    ['with flags of later versions, which are not ours to set', `00-${traceId}-${spanId}-ff`, 3],
    ['of a later version', `cc-${traceId}-${spanId}-01`, 1],
    ['of a later version that says more', `cc-${traceId}-${spanId}-01-what-the-future-will-be-like`, 1],
  ])('%s', (_, header, flags) => {
    expect(readTraceparent(header)).toEqual({ traceId, spanId, flags })
  })

  test.each([
    ['nothing', ''],
    ['a version that never is', `ff-${traceId}-${spanId}-01`],
    ['version 00 with more behind it', `00-${traceId}-${spanId}-01-x`],
    ['a dash too much', `00-${traceId}-${spanId}-01-`],
    ['a later version without its dash', `cc-${traceId}-${spanId}-01.x`],
    ['capitals', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['a short trace', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a long span', `00-${traceId}-${spanId}0-01`],
    ['no flags', `00-${traceId}-${spanId}`],
    ['letters that are no digits', `00-${traceId.replace('4', 'g')}-${spanId}-01`],
    ['blanks around it', ` 00-${traceId}-${spanId}-01`],
    ['two of them', `00-${traceId}-${spanId}-01,00-${traceId}-${spanId}-01`],
  ])('%s is no parent', (_, header) => {
    expect(readTraceparent(header)).toBeUndefined()
  })

  test('is written as it is read', () => {
    expect(readTraceparent(writeTraceparent(traceId, spanId, 3))).toEqual({ traceId, spanId, flags: 3 })
  })
})

describe('tracestate', () => {
  test.each([
    ['one member', 'foo=1', 'foo=1'],
    ['blanks and empty members', ' foo=1 ,, bar=2\t', 'foo=1,bar=2'],
    ['a tenant', 'fw529a3039@dt=FfAAAQ', 'fw529a3039@dt=FfAAAQ'],
    ['values with blanks, colons and capitals', 'a=b: C d', 'a=b: C d'],
    [
      'what is longer than has to be passed on',
      `a=${'x'.repeat(200)},b=${'y'.repeat(200)},c=${'z'.repeat(200)}`,
      `a=${'x'.repeat(200)},b=${'y'.repeat(200)}`,
    ],
  ])('%s', (_, header, expected) => {
    expect(readTracestate(header)).toBe(expected)
  })

  test.each([
    ['nothing', ''],
    ['no value', 'foo='],
    ['no key', '=1'],
    ['a key in capitals', 'Foo=1'],
    ['two equals', 'foo=1=2'],
    ['a key twice', 'foo=1,foo=2'],
    ['33 members', Array.from({ length: 33 }, (_, at) => `a${at}=1`).join(',')],
    ['letters beyond ASCII', 'foo=ä'],
    ['a line break', 'foo=1\r\nx: y'],
  ])('%s is none', (_, header) => {
    expect(readTracestate(header)).toBeUndefined()
  })
})

describe('where no spans are recorded', () => {
  test('a trace is passed on as it came, the same for every attempt', () => {
    const trace = passTrace(`00-${traceId}-${spanId}-01`, 'foo=1')
    const headers = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'foo=1' }
    expect([trace?.attemptHeaders(0), trace?.attemptHeaders(1)]).toEqual([headers, headers])
    expect(trace).toMatchObject({ traceId, spanId })
  })

  test('there is none without a parent, whatever its state', () => {
    expect([passTrace(undefined, 'foo=1'), passTrace('nonsense', undefined)]).toEqual([undefined, undefined])
  })
})
