// The page about providers says what their data files say.
import { expect, test } from 'vitest'
import { providerSpecs } from '../packages/ai-lib/src/providers/registry.ts'
import { buildProviderPage, providerPageOnDisk } from './build-provider-docs.js'

test('the page on disk is current', () => {
  expect(providerPageOnDisk()).toBe(buildProviderPage())
})

test('every provider has its section with its key variables and its source', () => {
  const sections = buildProviderPage().split('\n## ').slice(1)
  for (const spec of providerSpecs.values()) {
    const section = sections.find((text) => text.startsWith(`${spec.label}\n`)) ?? ''
    for (const fact of [spec.name, ...spec.keyVariables, ...spec.baseUrlVariables, spec.source]) {
      expect(section).toContain(fact)
    }
  }
})
