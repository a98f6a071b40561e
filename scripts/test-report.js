// Turns the test runner's result and the list of skips into the lines that `npm test` ends with, and its exit code.
import { existsSync, readFileSync } from 'node:fs'

/**
 * Counts tests. A file that did not load, or a runner that ended badly without naming a failed test, is a failure too.
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function tally(result, runnerExitCode) {
  const passed = result?.numPassedTests ?? 0
  const skipped = (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
  const brokenFiles = (result?.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = (result?.numFailedTests ?? 0) + brokenFiles.length
  return { passed, skipped, failed: failed === 0 && runnerExitCode !== 0 ? 1 : failed }
}

/** Reads what `needs()` in tests/require.ts recorded: one entry per missing thing, with the suites that wanted it. */
export function readSkips(file) {
  if (!existsSync(file)) return []
  const byNeed = new Map()
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { need, enable, suite } = JSON.parse(line)
    const entry = byNeed.get(need) ?? { need, enable, suites: new Set() }
    entry.suites.add(suite)
    byNeed.set(need, entry)
  }
  return [...byNeed.values()].map((entry) => ({ ...entry, suites: [...entry.suites] }))
}

/**
 * The closing lines, the last of them `N passed, N failed` with `, N skipped` where any were.
 * @returns {{ lines: string[], exitCode: number }}
 */
export function summarise({ passed, failed, skipped }, skips, requireAll) {
  const lines = skips.map(
    ({ need, enable, suites }) => `skipped, ${need} is missing: ${suites.join('; ')}\n  to enable: ${enable}`,
  )
  if (skipped > 0 && skips.length === 0) lines.push(`${skipped} tests were skipped without saying what they need`)
  const refused = requireAll && (skipped > 0 || skips.length > 0)
  if (refused) lines.push('REQUIRE=all: nothing may be skipped')
  lines.push(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return { lines, exitCode: failed > 0 || refused || passed === 0 ? 1 : 0 }
}
