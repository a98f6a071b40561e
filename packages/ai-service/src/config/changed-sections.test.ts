// Sections are named where anything in them is another, a secret too.
import { expect, test } from 'vitest'
import { changedSections } from './changed-sections.ts'
import { mustLoad } from './load.test.kit.ts'

const yaml = 'providers: { openai: { keys: [ { secret: env:KEY } ] } }\nstores: { database: "sqlite:/tmp/a.db" }\n'
const configOf = async (more: string, key = 'sk-0123456789abcdef0123') =>
  (await mustLoad(`${yaml}${more}`, { env: { KEY: key } })).config

test('names what changed, came or went', async () => {
  const before = await configOf('')
  expect(changedSections(before, await configOf(''))).toEqual([])
  expect(changedSections(before, await configOf('', 'sk-another-0123456789abcdef'))).toEqual(['providers'])
  expect(changedSections(before, await configOf('max_retries: 4\ncache: { enabled: true }\n'))).toEqual([
    'cache',
    'server',
  ])
  expect(changedSections(await configOf('cache: { enabled: true }\n'), before)).toEqual(['cache'])
})
