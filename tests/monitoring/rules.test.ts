// The alert rules and the scrape configuration: valid, unit-tested, documented, and made of series that there are.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runtimeSpecs, seriesSpecs } from '../../packages/ai-service/src/telemetry/series-specs.ts'
import { root } from '../docs/pages.ts'
import { needs, programPath } from '../require.ts'
import { alerts, prometheusFolder, rules, seriesIn } from './rule-file.ts'

const recorded = rules.flatMap(({ record }) => record ?? [])
const known = new Set<string>([
  ...Object.values(seriesSpecs).map(({ name }) => name),
  ...Object.values(runtimeSpecs).map(({ name }) => name),
  ...recorded,
])
const unitTests = readdirSync(join(prometheusFolder, 'tests')).filter((name) => name.endsWith('.test.yaml'))

function promtool(folder: string, ...args: readonly string[]): string {
  return execFileSync(programPath('promtool') ?? '', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
}

needs('promtool')('promtool', () => {
  test('takes the rules and the scrape configuration', () => {
    expect(promtool(prometheusFolder, 'check', 'config', 'prometheus.yaml')).toContain('SUCCESS')
    expect(
      promtool(prometheusFolder, 'check', 'rules', '--lint=all', '--lint-fatal', 'rules/ai-service.yaml'),
    ).toContain(`${rules.length} rules found`)
  })

  test.each(unitTests)('runs the unit tests of %s', (name) => {
    expect(promtool(join(prometheusFolder, 'tests'), 'test', 'rules', name)).toContain('SUCCESS')
  })

  test('which would notice an alert that is gone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ai-service-rules-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    cpSync(prometheusFolder, folder, { recursive: true })
    const file = join(folder, 'rules', 'ai-service.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('alert: AiServiceAuditStalled\n', 'alert: SomebodyElse\n'))
    expect(() => promtool(join(folder, 'tests'), 'test', 'rules', 'records.test.yaml')).toThrow()
  })
})

describe('every alert', () => {
  const page = readFileSync(join(root, 'docs', 'how-to', 'alerts.md'), 'utf8')

  test.each(alerts.map((rule) => [rule.alert, rule] as const))(
    '%s says how bad it is, what it is, and where to read on',
    (name, { labels, annotations }) => {
      expect(['critical', 'warning']).toContain(labels?.['severity'])
      expect(annotations?.['summary']).toMatch(/\.$/)
      expect(annotations?.['description']).toMatch(/\.$/)
      expect(annotations?.['runbook_url']).toBe(`docs/how-to/alerts.md#${name.toLowerCase()}`)
      expect(page.split(`\n### ${name}\n`)).toHaveLength(2)
    },
  )

  test.each(alerts.map(({ alert }) => alert))('%s fires in a unit test', (name) => {
    const fires = new RegExp(`alertname: ${name}\\n(.*\\n)? *exp_alerts:\\n|alertname="${name}", alertstate="firing"`)
    expect(unitTests.some((file) => fires.test(readFileSync(join(prometheusFolder, 'tests', file), 'utf8')))).toBe(true)
  })

  test('and no section is about an alert that there is not', () => {
    const sections = [...page.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name)
    expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
  })
})

test.each(rules.map((rule) => [rule.alert ?? rule.record ?? '', rule.expr] as const))(
  '%s asks for series that a scrape has',
  (_name, expr) => {
    const names = seriesIn(expr)
    expect(names.length + Number(/\bup\b/.test(expr))).toBeGreaterThan(0)
    expect(names.filter((name) => !known.has(name))).toEqual([])
  },
)

test('every recorded series is used by an alert', () => {
  const used = new Set(alerts.flatMap(({ expr }) => seriesIn(expr)))
  expect(recorded.filter((name) => !used.has(name))).toEqual([])
})
