// `npm test`: prepares the checkout, runs every test this machine can run, ends with what was skipped, why and how to enable it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runToEnd } from '../packages/ai-service/bin/node-24.js'
import { environment, PrepareError, prepare, root } from './prepare.js'
import { readSkips, summarise, tally } from './test-report.js'

const args = process.argv.slice(2)
const filters = args.filter((arg) => arg !== '--long')
const folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
const resultFile = join(folder, 'result.json')
const skipFile = join(folder, 'skips.jsonl')

try {
  const node = await prepare()
  const env = { ...environment(node), SKIPPED_TESTS_FILE: skipFile, ...(args.includes('--long') ? { LONG: '1' } : {}) }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`]
  const code = await runToEnd(node, [vitest, 'run', ...reporters, ...filters], {
    cwd: root,
    env,
    stdio: ['ignore', 1, 2],
  })
  const report = summarise(tally(readResult(), code), readSkips(skipFile), process.env.REQUIRE === 'all')
  process.stdout.write(`\n${report.lines.join('\n')}\n`)
  process.exitCode = report.exitCode
} catch (error) {
  if (!(error instanceof PrepareError)) throw error
  process.stdout.write(`${error.message}\n0 passed, 1 failed\n`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function readResult() {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8'))
  } catch {
    return undefined // The runner died before it wrote its result: tally() counts that as a failure.
  }
}
