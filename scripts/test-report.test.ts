// What `npm test` says at its end: the counts, what was skipped and why, and an exit code that a script can trust.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSkips, summarise, tally } from './test-report.js'

const clean = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
const skip = { need: 'nginx', enable: 'apt-get install nginx-light', suites: ['a TLS front'] }

describe('tally', () => {
  test('counts what the runner counted', () => {
    expect(tally({ ...clean, numPendingTests: 2 }, 0)).toEqual({ passed: 7, failed: 0, skipped: 2 })
  })

  test('a test file that does not load is a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    expect(tally({ ...clean, testResults }, 1)).toEqual({ passed: 7, failed: 1, skipped: 0 })
  })

  test('a failed file whose tests say why is counted by its tests alone', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }]
    expect(tally({ ...clean, numFailedTests: 1, testResults }, 1)).toEqual({ passed: 7, failed: 1, skipped: 0 })
  })

  test('a runner that ended badly without a failed test is a failure', () => {
    expect(tally(clean, 1).failed).toBe(1)
    expect(tally(undefined, 134)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe('summarise', () => {
  test('ends with the counts, and mentions skips only where there are any', () => {
    expect(summarise({ passed: 7, failed: 0, skipped: 0 }, [], false)).toEqual({
      lines: ['7 passed, 0 failed'],
      exitCode: 0,
    })
    expect(summarise({ passed: 7, failed: 0, skipped: 2 }, [skip], false).lines.at(-1)).toBe(
      '7 passed, 0 failed, 2 skipped',
    )
  })

  test('names what was missing, who wanted it and how to enable it', () => {
    const words = summarise({ passed: 7, failed: 0, skipped: 2 }, [skip], false).lines.join('\n')
    expect(words).toContain('nginx is missing: a TLS front')
    expect(words).toContain('to enable: apt-get install nginx-light')
  })

  test('a skip passes by default and fails where everything is required', () => {
    expect(summarise({ passed: 7, failed: 0, skipped: 2 }, [skip], false).exitCode).toBe(0)
    expect(summarise({ passed: 7, failed: 0, skipped: 2 }, [], true).exitCode).toBe(1)
  })

  test('a run without a single test is not a success', () => {
    expect(summarise({ passed: 0, failed: 0, skipped: 0 }, [], false).exitCode).toBe(1)
  })
})

test('skips of one need are gathered under it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skips-'))
  try {
    const file = join(folder, 'skips.jsonl')
    const line = (suite: string) => JSON.stringify({ need: 'nginx', enable: 'apt-get install nginx-light', suite })
    await writeFile(file, `${line('one')}\n${line('two')}\n${line('one')}\n`)
    expect(readSkips(file)).toEqual([{ ...skip, suites: ['one', 'two'] }])
    expect(readSkips(join(folder, 'absent'))).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
