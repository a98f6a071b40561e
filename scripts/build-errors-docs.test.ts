// The reference page of errors is the table's own.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorTable } from '../packages/ai-lib/src/errors/error-codes.ts'
import { renderErrorsReference } from './build-errors-docs.js'

const page = readFileSync(new URL('../docs/reference/errors.md', import.meta.url), 'utf8')

test('docs/reference/errors.md is what `node scripts/build-errors-docs.js` writes', () => {
  expect(page).toBe(renderErrorsReference(errorTable))
})

test('every code of the table has one row', () => {
  for (const code of Object.keys(errorTable)) expect(page.split(`\n| \`${code}\` |`)).toHaveLength(2)
})
