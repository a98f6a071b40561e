// Samples that are no configuration of the service: JSON, Python and PromQL parse, manifests and values are what they say.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isRecord } from '../faults/asking.ts'
import { needs, programPath } from '../require.ts'
import { type Block, blocksIn, blocksOf, pages, root } from './pages.ts'

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

needs('python3')('samples in Python', () => {
  test.each(blocksIn('python').map(at))('%s parses', (_at, { code }) => {
    const run = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: code,
      encoding: 'utf8',
    })
    expect(run).toMatchObject({ status: 0, stderr: '' })
  })
})

needs('promtool')('queries', () => {
  test.each(blocksIn('promql').map(at))('%s is PromQL', (_at, { code }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ai-service-docs-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'rules.yaml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'page', rules: [{ record: 'page:query', expr: code }] }] }))
    expect(
      spawnSync(programPath('promtool') ?? 'promtool', ['check', 'rules', file], { encoding: 'utf8' }),
    ).toMatchObject({
      status: 0,
    })
  })
})

/** Languages that blocks may be in; each is looked at somewhere, but for drawings and what is shown as text. */
const languages = ['', 'ini', 'json', 'mermaid', 'promql', 'python', 'sh', 'text', 'ts', 'yaml']

test('no block is in a language that nothing looks at', () => {
  const found = new Set(pages.flatMap(blocksOf).map(({ language }) => language))
  expect([...found].filter((language) => !languages.includes(language))).toEqual([])
})
