// Decisions are found by their number: each has one of its own, and says it in its title.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../../docs/decisions/', import.meta.url)
const pages = readdirSync(folder).toSorted()

test('decisions are numbered from one, without gaps and without doubles', () => {
  const numbers = pages.map((page) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(page)?.[1]))
  expect(numbers).toEqual(pages.map((_, index) => index + 1))
})

test.each(pages)('%s begins with its number and says its status', (page) => {
  const text = readFileSync(new URL(page, folder), 'utf8')
  expect(text).toMatch(new RegExp(`^# ${Number(page.slice(0, 4))}\\. \\S`))
  expect(text).toMatch(/^Status: /m)
})
