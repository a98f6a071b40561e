// Links between pages lead somewhere: to a file, and to a heading in it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Page, pages, prose } from './pages.ts'

/** As GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  const headings = text.replace(/^```[a-z]*\n[\s\S]*?^```$/gm, '').match(/^#{1,6} .+$/gm) ?? []
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function brokenLinks(page: Page): readonly string[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^(https?|mailto):/.test(target) && !leadsSomewhere(page, target))
}

function leadsSomewhere(page: Page, target: string): boolean {
  const [path = '', anchor] = decodeURI(target).split('#')
  const file = path === '' ? join(page.folder, page.name.split('/').at(-1) ?? '') : join(page.folder, path)
  if (!existsSync(file)) return false
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
}

test('there are pages to look at', () => {
  expect(pages.map(({ name }) => name)).toEqual(expect.arrayContaining(['README.md', 'docs/reference/http.md']))
})

test.each(pages.map((page) => [page.name, page] as const))('every link of %s leads somewhere', (_name, page) => {
  expect(brokenLinks(page)).toEqual([])
})

test('every page of docs is in the index', () => {
  const index = pages.find(({ name }) => name === 'docs/README.md')?.text ?? ''
  const listed = pages.filter(({ name }) => /^docs\/(?!README|decisions\/|zh\/)/.test(name))
  for (const { name } of listed) expect(index).toContain(`](${name.slice('docs/'.length)})`)
})
