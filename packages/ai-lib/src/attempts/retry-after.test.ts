// When a provider wants to be asked again, from honest headers, odd ones and hostile ones.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResponseHeaders } from '../dialects/dialect.ts'
import { retryAfterOf } from './retry-after.ts'

const nowMs = Date.parse('2026-11-23T12:00:00Z')
const day = 24 * 3_600_000
const of = (headers: ResponseHeaders): number | undefined => retryAfterOf(headers, nowMs)

describe('retryAfterOf', () => {
  it.each<[string, ResponseHeaders, number | undefined]>([
    ['nothing said', {}, undefined],
    ['seconds', { 'retry-after': '12' }, 12_000],
    ['no wait at all', { 'retry-after': '0' }, 0],
    ['fractions of a second round up', { 'retry-after': '0.0001' }, 1],
    ['a date', { 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, 30_000],
    ['an ISO date', { 'retry-after': '2026-11-23T12:00:05Z' }, 5_000],
    ['a date that has passed', { 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    ['milliseconds', { 'retry-after-ms': '250' }, 250],
    ['milliseconds win over seconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    ['unreadable milliseconds give way to seconds', { 'retry-after-ms': 'soon', 'retry-after': '9' }, 9_000],
    ['the first of a doubled header', { 'retry-after': ['3', '900'] }, 3_000],
    ['a span with units', { 'retry-after': '1m30s' }, 90_000],
    [
      'the reset of a used-up counter',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' },
      360_000,
    ],
    [
      'the longest of several used-up counters',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '7.66s',
      },
      7_660,
    ],
    [
      'not the reset of a counter with something left',
      { 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-reset-requests': '6m0s' },
      undefined,
    ],
    [
      "Anthropic's dates",
      {
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-23T12:00:20Z',
      },
      20_000,
    ],
    [
      'Retry-After wins over counters',
      { 'retry-after': '1', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1h' },
      1_000,
    ],
  ])('%s', (_title, headers, expected) => {
    expect(of(headers)).toBe(expected)
  })

  it.each([
    ['a century', '3155760000', day],
    ['more digits than a number holds', '9'.repeat(400), day],
    ['a date far away', 'Fri, 31 Dec 9999 23:59:59 GMT', day],
    ['spans beyond every bound', `${'9'.repeat(300)}h${'9'.repeat(300)}h`, day],
  ])('%s is bounded to a day', (_title, value, expected) => {
    expect(of({ 'retry-after': value })).toBe(expected)
  })

  it.each([
    '',
    ' ',
    '-5',
    '-1.5',
    '1e9',
    '0x10',
    'soon',
    'NaN',
    'Infinity',
    'in 5 minutes',
    '5 apples',
    'Soon 5',
    '1,5',
    '١٢',
    '12;q=1',
  ])('says nothing for the unreadable %j, so that the computed back-off stands', (value) => {
    expect(of({ 'retry-after': value })).toBeUndefined()
    expect(of({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': value })).toBeUndefined()
  })

  it('gives a whole number within a day, or nothing, whatever the headers hold', () => {
    const value = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((at) => at.toUTCString()),
    )
    const name = fc.constantFrom(
      'retry-after',
      'retry-after-ms',
      'x-ratelimit-remaining-requests',
      'x-ratelimit-reset-requests',
      'anthropic-ratelimit-tokens-remaining',
      'anthropic-ratelimit-tokens-reset',
    )
    fc.assert(
      fc.property(fc.dictionary(name, value), (headers) => {
        const waitMs = of(headers)
        return waitMs === undefined || (Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= day)
      }),
    )
  })

  it('takes linear time for a header as long as headers may be', () => {
    // A pattern that backtracks would not come back from this.
    expect(of({ 'retry-after': `${'1'.repeat(16_000)}x` })).toBeUndefined()
    expect(of({ 'retry-after': `${'1m'.repeat(8_000)}x` })).toBeUndefined()
  })
})
