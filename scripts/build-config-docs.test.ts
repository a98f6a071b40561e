// The reference page of the configuration is the schema's own.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configJsonSchema } from '../packages/ai-service/src/config/schema.ts'
import { renderConfigReference } from './build-config-docs.js'

const page = readFileSync(new URL('../docs/reference/config.md', import.meta.url), 'utf8')

test('docs/reference/config.md is what `node scripts/build-config-docs.js` writes', () => {
  expect(page).toBe(renderConfigReference(configJsonSchema()))
})

test('every key has a form and a meaning', () => {
  const rows = page.split('\n').filter((line) => /^\| `[a-z]/.test(line))
  expect(rows.length).toBeGreaterThan(60)
  for (const row of rows)
    expect(
      row
        .split('|')
        .slice(2, -1)
        .every((cell) => cell.trim() !== ''),
    ).toBe(true)
})
