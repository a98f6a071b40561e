// Samples that are no configuration of the service: JSON parses, manifests and values of the chart are what they say they are.
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isRecord } from '../faults/asking.ts'
import { type Block, blocksIn } from './pages.ts'

/** What a YAML block may say it is, in the comment above it: `<!-- sample: helm-values -->`. */
const kinds = ['helm-values', 'kubernetes', 'compose', 'prometheus', 'other']

const at = (block: Block): readonly [string, Block] => [block.at, block]
const marked = blocksIn('yaml').filter(({ sample }) => sample !== undefined)

test.each(blocksIn('json').map(at))('%s is JSON', (_at, { code }) => {
  for (const text of code.split(/\n(?=[{[])/)) expect(() => JSON.parse(text) as unknown).not.toThrow()
})

describe('YAML of something else', () => {
  test.each([...marked.map(at), ['every kind', undefined] as const])('%s is known and parses', (_at, block) => {
    if (block === undefined) return expect(kinds).toContain('other')
    expect(kinds).toContain(block.sample)
    for (const document of parseAllDocuments(block.code)) expect(document.errors).toEqual([])
  })

  test.each(marked.filter(({ sample }) => sample === 'kubernetes').map(at))(
    '%s is a manifest, or a patch',
    (_at, { code }) => {
      for (const document of parseAllDocuments(code)) {
        const manifest: unknown = document.toJS()
        expect(isRecord(manifest) && Object.keys(manifest)).toEqual(expect.arrayContaining(['apiVersion', 'kind']))
      }
    },
  )
})
