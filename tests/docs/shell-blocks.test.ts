// Every shell block of the pages is run by tests/walkthroughs, or listed with the reason why not.
import { expect, test } from 'vitest'
import { pages } from './pages.ts'
import { listedBlocks, listedFor, runs, shellOf } from './shell-blocks.ts'

test.each(pages.flatMap(shellOf).map((block) => [block.at, block] as const))('%s is run or listed', (_at, block) => {
  expect(listedFor(block).length + (runs(block) ? 1 : 0)).toBe(1)
})

test.each(listedBlocks)('the listed block of $page that begins with "$begins" is there', ({ page, begins, reason }) => {
  const found = pages.filter(({ name }) => name === page).flatMap(shellOf)
  expect(found.filter(({ code }) => code.startsWith(begins))).toHaveLength(1)
  expect(reason.length).toBeGreaterThan(10)
})
