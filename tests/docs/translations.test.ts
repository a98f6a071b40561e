// Chinese pages have the code blocks and the sections of the English pages that they name, so that they cannot drift apart.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fencedBlocks, translations } from '../../scripts/copy-zh-blocks.js'
import { prose } from './pages.ts'

const pages = translations()
const wanted = ['教程.md', '容器化部署.md', 'Kubernetes部署.md', 'Helm Chart配置.md', '监控和可观测性.md']

function sectionsOf(text: string): number {
  return prose({ name: '', folder: '', text }).match(/^## /gm)?.length ?? 0
}

test('the tutorial and the pages of deployment are there in Chinese', () => {
  expect(pages.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted))
})

test.each(pages.map((page) => [page.name, page] as const))('%s names its English page', (_name, { sources }) => {
  expect(sources.length).toBeGreaterThan(0)
  for (const source of sources) expect(existsSync(source), source).toBe(true)
})

test.each(pages.map((page) => [page.name, page] as const))(
  '%s shows the same code (node scripts/copy-zh-blocks.js) and has as many sections',
  (_name, { text, sources }) => {
    const english = sources.map((source) => readFileSync(source, 'utf8'))
    expect(fencedBlocks(text)).toEqual(english.flatMap((page) => fencedBlocks(page)))
    expect(sectionsOf(text)).toBe(english.reduce((sum, page) => sum + sectionsOf(page), 0))
  },
)
