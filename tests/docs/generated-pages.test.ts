// Reference pages that are made of the code are what their scripts write today.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describedProgram, renderCliReference } from '../../scripts/build-cli-docs.js'
import { renderHttpReference } from '../../scripts/build-http-docs.js'
import { commandPages, exitMeanings } from '../../packages/ai-service/src/cli/command-pages.ts'
import { EXIT } from '../../packages/ai-service/src/cli/context.ts'
import { root } from './pages.ts'

function page(name: string): string {
  return readFileSync(join(root, 'docs', 'reference', name), 'utf8')
}

test('docs/reference/cli.md is what `node scripts/build-cli-docs.js` writes', () => {
  expect(page('cli.md')).toBe(renderCliReference())
})

test('docs/reference/http.md has the tables that `node scripts/build-http-docs.js` writes', () => {
  expect(page('http.md')).toBe(renderHttpReference(page('http.md')))
})

test('a table without its marks is missed', () => {
  expect(() => renderHttpReference(page('http.md').replaceAll('<!-- end of routes -->\n', ''))).toThrow('routes')
})

test('every command has examples, every example a command, every exit code a meaning', () => {
  const { here } = describedProgram()
  expect(Object.keys(commandPages).toSorted()).toEqual(here.map(({ words }) => words).toSorted())
  for (const { words } of here) {
    const { examples } = commandPages[words] ?? { examples: [] }
    expect(examples.length, words).toBeGreaterThan(0)
    for (const { run } of examples.slice(1)) expect(run.includes(words) || words === 'start', run).toBe(true)
  }
  expect(exitMeanings.map(({ code }) => code)).toEqual(Object.values(EXIT))
})
