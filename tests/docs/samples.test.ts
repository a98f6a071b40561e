// Samples that are no configuration of the service: JSON parses, manifests and values of the chart are what they say they are.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isRecord } from '../faults/asking.ts'
import { needs, programPath } from '../require.ts'
import { type Block, blocksIn, root } from './pages.ts'

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

const chart = join(root, 'deploy', 'helm', 'ai-service')

needs('helm')('values of the chart', () => {
  test.each(marked.filter(({ sample }) => sample === 'helm-values').map(at))(
    '%s: the chart takes them',
    (_at, { code }) => {
      const folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'values.yaml')
      writeFileSync(file, code)
      const rendered = execFileSync(programPath('helm') ?? 'helm', ['template', 'docs', chart, '--values', file])
      expect(rendered.toString()).toContain('kind: Deployment')
    },
  )
})
