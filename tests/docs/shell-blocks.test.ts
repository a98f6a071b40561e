// Every shell block of the pages is run by tests/walkthroughs, or listed with the reason why not.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { callsIn, oddIn, pathsIn } from './commands-elsewhere.ts'
import { type Block, pages, root } from './pages.ts'
import { isElsewhere, listedBlocks, listedFor, runs, shellOf } from './shell-blocks.ts'

const blocks = pages.flatMap(shellOf)
const named = (list: readonly Block[]): readonly (readonly [string, Block])[] => list.map((block) => [block.at, block])

test.each(named(blocks))('%s is run, looked at, or listed', (_at, block) => {
  expect(listedFor(block).length + (isElsewhere(block) ? 1 : 0) + (runs(block) ? 1 : 0)).toBe(1)
})

test.each(listedBlocks)('the listed block of $page that begins with "$begins" is there', ({ page, begins, reason }) => {
  const found = pages.filter(({ name }) => name === page).flatMap(shellOf)
  expect(found.filter(({ code }) => code.startsWith(begins))).toHaveLength(1)
  expect(reason.length).toBeGreaterThan(10)
})

test.each(named(blocks.filter(isElsewhere)))(
  '%s, which wants a cluster or an engine, is spelt right',
  (_at, { code }) => {
    expect(callsIn(code).flatMap(oddIn)).toEqual([])
  },
)

test.each(named(blocks))('%s names files that there are', (_at, { code }) => {
  const made = /dist|\.tgz|node_modules|secrets\//
  expect(pathsIn(code).filter((path) => !made.test(path) && !existsSync(join(root, path)))).toEqual([])
})

test('what is spelt wrong is found', () => {
  const code =
    'key=$(kubectl -n ai get secret x -o name | base64 -d)\nhelm instal ai deploy/nowhere \\\n  --vales x.yaml'
  expect(callsIn(code).map(({ program }) => program)).toEqual(['kubectl', 'helm'])
  expect(callsIn(code).flatMap(oddIn)).toEqual(['--vales', 'helm instal'])
  expect(pathsIn(code)).toEqual(['deploy/nowhere'])
})
