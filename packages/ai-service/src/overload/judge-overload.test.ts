// Memory and the event loop: when answers give up connections, when requests are refused, and when that ends.
import { expect, it } from 'vitest'
import { countLate, isLoopOverloaded, judgeMemory, type MemoryState } from './judge-overload.ts'

const bounds = { closeAt: 0.92, refuseAt: 0.95, loopDelayMs: 250 }

it.each([
  ['well', 0.91, 'well'],
  ['well', 0.92, 'close'],
  ['close', 0.905, 'close'],
  ['close', 0.89, 'well'],
  ['close', 0.949, 'close'],
  ['well', 0.95, 'refuse'],
  ['refuse', 0.93, 'refuse'],
  ['refuse', 0.91, 'close'],
  ['refuse', 0.5, 'well'],
] as const)('F31 %s at a share of %d is %s', (before, share, after) => {
  expect(judgeMemory(before, { share, underWay: 1 }, bounds)).toBe(after)
})

it.each(['well', 'close', 'refuse'] as const)(
  'F31 requests are not refused for what is held while none is under way (%s before)',
  (before: MemoryState) => {
    expect(judgeMemory(before, { share: 0.99, underWay: 0 }, bounds)).toBe('close')
  },
)

it('F32 a pause of a moment refuses nothing, a loop that stays late does, until a window is in time', () => {
  const looks: readonly (readonly [p99Ms: number, windows: number, isOn: boolean])[] = [
    [300, 4, false],
    [20, 1, false],
    [300, 1, false],
    [300, 1, false],
    [300, 2, false],
    [251, 1, true],
    [4_000, 1, true],
    [250, 1, false],
    [5_000, 5, true],
    [0, 1, false],
  ]
  let late = 0
  for (const [p99Ms, windows, isOn] of looks) {
    late = countLate(late, p99Ms, windows, bounds)
    expect([p99Ms, isLoopOverloaded(late)]).toEqual([p99Ms, isOn])
  }
})
