// Every heading of the seed has its row on docs/seed.md, and what the row names is there.
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { pages, root } from './pages.ts'

/** In the seed's order. 密钥管理 stands there twice, as practice and as configuration: one row is for both. */
const headings = [
  '无状态核心',
  '自托管',
  '密钥轮换钩子',
  '每个请求的审计元数据',
  '容器化部署',
  'Kubernetes部署',
  'Helm Chart配置',
  '密钥管理',
  '网络安全',
  '审计日志',
  '负载均衡',
  '健康检查',
  'Prometheus指标',
  '日志配置',
  '连接池配置',
  '缓存策略',
  '备份策略',
  '故障转移',
  '数据保护',
  '审计跟踪',
] as const

/** Planned for a later version. */
const later: ReadonlySet<string> = new Set(['容器化部署'])

interface Row {
  readonly heading: string
  readonly test: string
  readonly page: string
  readonly code: string
}

const text = pages.find(({ name }) => name === 'docs/seed.md')?.text ?? ''
const rows: readonly Row[] = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| heading'))
  .map((line) => {
    const [heading = '', test = '', page = '', code = ''] = line.split('|').slice(1, -1)
    return {
      heading: heading.replace(/\(.*\)/, '').trim(),
      test: test.trim(),
      page: page.trim(),
      code: code.trim(),
    }
  })

/** Where the links of a cell lead, from the project's root. */
function targetsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => join('docs', decodeURI(target)))
}

test('the page has each heading once, and no other', () => {
  expect(rows.map(({ heading }) => heading).toSorted()).toEqual(headings.toSorted())
})

test.each(rows.map((row) => [row.heading, row] as const))('%s', (heading, row) => {
  if (row.test === 'later') {
    expect(later.has(heading), 'is said to come later').toBe(true)
    return
  }
  const tests = readdirSync(join(root, 'tests', 'seed')).filter((name) => name.includes(heading))
  expect(tests, 'has a test of its own').not.toEqual([])
  expect(targetsIn(row.test).map((target) => basename(target))).toEqual(expect.arrayContaining(tests))
  for (const cell of [row.test, row.page, row.code]) {
    expect(targetsIn(cell).length, `${cell} links to something`).toBeGreaterThan(0)
    for (const target of targetsIn(cell)) expect(existsSync(join(root, target)), target).toBe(true)
  }
  expect(targetsIn(row.test).some((target) => target.startsWith(`tests/seed/`) && target.includes(heading))).toBe(true)
})
