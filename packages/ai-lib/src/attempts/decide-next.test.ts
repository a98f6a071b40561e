// The decision table of "try again?": every failure against every allowance, written out as data.
import { describe, expect, it } from 'vitest'
import type { FailureCode, UpstreamFailure } from '../chat/failure.ts'
import { backoffBounds } from './backoff.ts'
import { type Allowance, decideNext, type Verdict } from './decide-next.ts'

type Said = Verdict['do'] | 'fatal' | 'no-targets' | 'deadline' | 'attempts-spent'

/** What is left, by name; each differs from `everything` in what its name says. */
const everything: Allowance = {
  hasKey: true,
  hasTarget: true,
  mayReturn: true,
  attemptsLeft: 2,
  mayRepeat: () => true,
  msLeft: 60_000,
  repeats: 0,
  draw: 0.5,
}
const allowances = {
  everything,
  noKey: { ...everything, hasKey: false },
  noTarget: { ...everything, hasTarget: false },
  alone: { ...everything, hasKey: false, hasTarget: false },
  aloneAndDown: { ...everything, hasKey: false, hasTarget: false, mayReturn: false },
  spent: { ...everything, attemptsLeft: 0 },
  spentNoKey: { ...everything, attemptsLeft: 0, hasKey: false },
  noBudget: { ...everything, hasKey: false, mayRepeat: () => false },
  aloneNoBudget: { ...everything, hasKey: false, hasTarget: false, mayRepeat: () => false },
  late: { ...everything, msLeft: 0 },
} as const satisfies Record<string, Allowance>

type Row = Readonly<Record<keyof typeof allowances, Said>>

const stops: Row = {
  everything: 'fatal',
  noKey: 'fatal',
  noTarget: 'fatal',
  alone: 'fatal',
  aloneAndDown: 'fatal',
  spent: 'fatal',
  spentNoKey: 'fatal',
  noBudget: 'fatal',
  aloneNoBudget: 'fatal',
  late: 'fatal',
}
const leavesKey: Row = {
  everything: 'next-key',
  noKey: 'next-target',
  noTarget: 'next-key',
  alone: 'no-targets',
  aloneAndDown: 'no-targets',
  spent: 'next-key',
  spentNoKey: 'attempts-spent',
  noBudget: 'next-target',
  aloneNoBudget: 'no-targets',
  late: 'deadline',
}
const leavesTarget: Row = {
  everything: 'next-target',
  noKey: 'next-target',
  noTarget: 'no-targets',
  alone: 'no-targets',
  aloneAndDown: 'no-targets',
  spent: 'attempts-spent',
  spentNoKey: 'attempts-spent',
  noBudget: 'next-target',
  aloneNoBudget: 'no-targets',
  late: 'deadline',
}
const transient: Row = {
  everything: 'next-target',
  noKey: 'next-target',
  noTarget: 'retry-same',
  alone: 'retry-same',
  aloneAndDown: 'no-targets',
  spent: 'attempts-spent',
  spentNoKey: 'attempts-spent',
  noBudget: 'attempts-spent',
  aloneNoBudget: 'attempts-spent',
  late: 'deadline',
}
const table: Readonly<Record<FailureCode, Row>> = {
  rejected: stops,
  'too-large': stops,
  'key-refused': leavesKey,
  'quota-exhausted': leavesKey,
  'rate-limited': leavesKey,
  'not-found': leavesTarget,
  redirected: leavesTarget,
  'queue-full': leavesTarget,
  unreachable: transient,
  timeout: transient,
  overloaded: transient,
  failed: transient,
  truncated: transient,
  'invalid-response': transient,
}

const rows = Object.entries(table).flatMap(([code, row]) =>
  Object.entries(row).map(([left, said]) => [code, left, said] as const),
)

function failure(code: FailureCode, more: Partial<UpstreamFailure> = {}): UpstreamFailure {
  return { phase: 'head', code, charged: 'no', ...more }
}

const said = (verdict: Verdict): Said => (verdict.do === 'give-up' ? verdict.why : verdict.do)

describe('decideNext', () => {
  it.each(rows)('%s with %s left: %s', (code, left, expected) => {
    expect(said(decideNext(failure(code as FailureCode), allowances[left as keyof typeof allowances]))).toBe(expected)
  })

  it('the timer of the whole answer ends the exchange, other timers do not', () => {
    const { alone } = allowances
    expect(said(decideNext(failure('timeout', { timer: 'total' }), alone))).toBe('deadline')
    for (const timer of ['connect', 'head', 'first-token', 'idle'] as const)
      expect(said(decideNext(failure('timeout', { timer }), alone))).toBe('retry-same')
  })

  it("the provider's own wait wins over the computed one", () => {
    expect(decideNext(failure('failed', { retryAfterMs: 1_234 }), allowances.alone)).toEqual({
      do: 'retry-same',
      afterMs: 1_234,
    })
    expect(decideNext(failure('overloaded', { retryAfterMs: 0 }), allowances.alone)).toEqual({
      do: 'retry-same',
      afterMs: 0,
    })
  })

  it('a wait longer than the cap or than the time left is handed to the client', () => {
    const { capMs } = backoffBounds
    const asks = (retryAfterMs: number, msLeft = 60_000): Said =>
      said(decideNext(failure('failed', { retryAfterMs }), { ...allowances.alone, msLeft }))
    expect(asks(capMs)).toBe('retry-same')
    expect(asks(capMs + 1)).toBe('deadline')
    expect(asks(999, 1_000)).toBe('retry-same')
    expect(asks(1_000, 1_000)).toBe('deadline')
  })

  it('an overloaded provider gets the longer base of the back-off', () => {
    expect(decideNext(failure('failed'), allowances.alone)).toEqual({ do: 'retry-same', afterMs: 25 })
    expect(decideNext(failure('overloaded'), allowances.alone)).toEqual({ do: 'retry-same', afterMs: 500 })
  })

  it('the retry budget is asked once for a repeat, and never for leaving a key or a missing model', () => {
    let asked = 0
    const counting = (left: Allowance): Allowance => ({ ...left, mayRepeat: () => ++asked > 0 })
    decideNext(failure('rate-limited'), counting(allowances.everything))
    decideNext(failure('key-refused'), counting(allowances.noKey))
    decideNext(failure('not-found'), counting(allowances.everything))
    decideNext(failure('failed', { retryAfterMs: 30_000 }), counting(allowances.alone))
    expect(asked).toBe(0)
    decideNext(failure('failed'), counting(allowances.everything))
    decideNext(failure('failed'), counting(allowances.alone))
    expect(asked).toBe(2)
  })
})
