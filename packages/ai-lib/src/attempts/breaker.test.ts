// The breaker as a table of states and events, and what holds whatever happens to it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterFailure,
  afterProbe,
  afterSuccess,
  beginTrial,
  breakerBounds,
  type BreakerState,
  calm,
  endTrial,
  isPassable,
} from './breaker.ts'

const { failures, baseMs, capMs, forgetMs } = breakerBounds

function failing(times: number, nowMs: number, from: BreakerState = calm): BreakerState {
  let state = from
  for (let at = 0; at < times; at++) state = afterFailure(state, nowMs)
  return state
}
function tripped(nowMs: number, from: BreakerState = calm): Extract<BreakerState, { kind: 'open' }> {
  const state = failing(failures, nowMs, from)
  if (state.kind !== 'open') throw new Error(state.kind)
  return state
}

describe('closed', () => {
  it('opens at the fifth failure in a row, for 30 s', () => {
    expect(failing(failures - 1, 100).kind).toBe('closed')
    expect(failing(failures, 100)).toEqual({ kind: 'open', untilMs: 30_100, ejections: 1, triedMs: 100 })
  })

  it('a success in between starts the row anew', () => {
    expect(failing(failures - 1, 2, afterSuccess(failing(failures - 1, 1))).kind).toBe('closed')
  })

  it('stays the very same object where all is well: nothing is allocated', () => {
    expect(afterSuccess(calm)).toBe(calm)
  })
})

describe('open', () => {
  it('passes nothing until its time, then one trial', () => {
    const open = tripped(0)
    expect(isPassable(open, baseMs - 1)).toBe(false)
    expect(isPassable(open, baseMs)).toBe(true)
    expect(isPassable(beginTrial(open, baseMs), baseMs)).toBe(false)
  })

  it('failures that were under way say nothing new', () => {
    const open = tripped(0)
    expect(afterFailure(open, 10)).toBe(open)
    expect(afterSuccess(open)).toBe(open)
  })

  it('each trial that fails doubles, triples … the wait, up to five minutes', () => {
    let state: BreakerState = tripped(0)
    const waits: number[] = []
    for (let at = 0; at < 12; at++) {
      if (state.kind !== 'open') throw new Error(state.kind)
      const dueMs = state.untilMs
      state = endTrial(beginTrial(state, dueMs), 'failed', dueMs)
      if (state.kind === 'open') waits.push(state.untilMs - dueMs)
    }
    expect(waits.slice(0, 3)).toEqual([60_000, 90_000, 120_000])
    expect(waits.at(-1)).toBe(capMs)
  })

  it('a trial before its time takes nothing of the wait and adds nothing to it', () => {
    const open = tripped(0)
    expect(endTrial(beginTrial(open, 5_000), 'failed', 6_000)).toEqual({ ...open, triedMs: 6_000 })
  })

  it('a trial whose client left lets the next one try', () => {
    const open = tripped(0)
    const after = endTrial(beginTrial(open, baseMs), 'void', baseMs + 5)
    expect(after.kind).toBe('open')
    expect(isPassable(after, baseMs + 5)).toBe(true)
  })
})

describe('after a trial that passed', () => {
  const passed = endTrial(beginTrial(tripped(0), baseMs), 'passed', baseMs)

  it('everything passes, on probation: one failure opens it again, for longer', () => {
    expect(isPassable(passed, baseMs)).toBe(true)
    expect(afterFailure(passed, baseMs + 1)).toMatchObject({ kind: 'open', ejections: 2, untilMs: baseMs + 1 + 60_000 })
  })

  it('a success ends the probation', () => {
    expect(failing(failures - 1, baseMs + 1, afterSuccess(passed)).kind).toBe('closed')
  })

  it('five minutes of being well make the next ejection the first', () => {
    expect(tripped(baseMs + forgetMs, afterSuccess(passed))).toMatchObject({ ejections: 1 })
    expect(tripped(baseMs + forgetMs - 1, afterSuccess(passed))).toMatchObject({ ejections: 2 })
  })
})

describe('probes', () => {
  it('two failed ones in a row open, one does not', () => {
    const once = afterProbe(calm, false, 0)
    expect(once.kind).toBe('closed')
    expect(afterProbe(once, false, 1).kind).toBe('open')
  })

  it('one that passes opens the way again, on probation; while all is well it excuses no failures of traffic', () => {
    expect(afterProbe(tripped(0), true, 10)).toMatchObject({ kind: 'closed', failures: failures - 1 })
    const halfway = failing(3, 0)
    expect(afterProbe(halfway, true, 1)).toBe(halfway)
  })

  it('one that fails when a trial is due extends the wait', () => {
    const open = tripped(0)
    expect(afterProbe(open, false, baseMs - 1)).toBe(open)
    expect(afterProbe(open, false, baseMs)).toMatchObject({ kind: 'open', ejections: 2 })
  })
})

it('whatever happens: never more than one trial, and never out for longer than five minutes', () => {
  const events = fc.array(
    fc.tuple(
      fc.constantFrom('failure', 'success', 'begin', 'passed', 'failed', 'void', 'probe-ok', 'probe-bad'),
      fc.nat(60_000),
    ),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(events, (list) => {
      let [state, nowMs, trials]: [BreakerState, number, number] = [calm, 0, 0]
      for (const [event, afterMs] of list) {
        nowMs += afterMs
        if (event === 'failure') state = afterFailure(state, nowMs)
        else if (event === 'success') state = afterSuccess(state)
        else if (event === 'probe-ok' || event === 'probe-bad') state = afterProbe(state, event === 'probe-ok', nowMs)
        else if (event === 'begin') {
          if (state.kind === 'open') trials++
          state = beginTrial(state, nowMs)
        } else {
          if (state.kind === 'half-open') trials--
          state = endTrial(state, event, nowMs)
        }
        if (state.kind !== 'half-open') trials = 0
        expect(trials).toBeLessThanOrEqual(1)
        if (state.kind === 'open') expect(state.untilMs - nowMs).toBeLessThanOrEqual(capMs)
        if (state.kind === 'closed') expect(state.failures).toBeLessThan(failures)
      }
    }),
  )
})
