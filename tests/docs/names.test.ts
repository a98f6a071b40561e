// Series, alerts and error codes that pages speak of are ones that there are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorTable } from '../../packages/ai-lib/src/errors/error-codes.ts'
import { pages, root } from './pages.ts'

const metrics = readFileSync(join(root, 'docs', 'reference', 'metrics.md'), 'utf8')
/** The series of the page, which another test holds to a scrape. */
const series = new Set([...metrics.matchAll(/`((?:ai|nodejs|process)_[a-z0-9_]+)`/g)].map(([, name = '']) => name))
const rules = readFileSync(join(root, 'deploy', 'prometheus', 'rules', 'ai-service.yaml'), 'utf8')
const alerts = new Set([...rules.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name))
/** Pages about the past, about what is not there, and about names that the library or vendors have. */
const exempt =
  /^(CHANGELOG\.md|docs\/not-yet\.md|docs\/decisions\/|docs\/reference\/(metrics|errors|library|translation)\.md)/
const told = pages.filter(({ name }) => !exempt.test(name))

const histogramParts = /_(bucket|sum|count)$/

test.each(told.map((page) => [page.name, page] as const))('%s', (_name, { text }) => {
  const named = [...text.matchAll(/(?<![\w./-])((?:ai|nodejs|process)_[a-z0-9_]*[a-z0-9])(?=[`{\s)(\]])/g)].map(
    ([, name = '']) => name,
  )
  const unknown = named.filter((name) => !series.has(name) && !series.has(name.replace(histogramParts, '')))
  expect(unknown.filter((name) => !/^ai_(service|lib)/.test(name))).toEqual([])
  const codes = [...text.matchAll(/`((?:caller|policy|provider|service)_[a-z_]*[a-z])`/g)].map(([, code = '']) => code)
  expect(codes.filter((code) => !(code in errorTable))).toEqual([])
  const fired = [...text.matchAll(/`(AiService[A-Z]\w*)`/g)].map(([, name = '']) => name)
  expect(fired.filter((name) => !alerts.has(name))).toEqual([])
})
