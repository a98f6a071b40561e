// The dashboard is what its script writes, shows every series, and is laid out without overlaps.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { runtimeSpecs, seriesSpecs } from '../../packages/ai-service/src/telemetry/series-specs.ts'
import { renderDashboard } from '../../scripts/build-dashboard.js'
import { root } from '../docs/pages.ts'
import { dashboard, dashboardText, queries } from './dashboard-file.ts'
import { seriesIn } from './rule-file.ts'

const specs: readonly { readonly name: string; readonly labelNames?: readonly string[] }[] = [
  ...Object.values(seriesSpecs),
  ...Object.values(runtimeSpecs),
]

test('deploy/grafana/dashboards/ai-service.json is what `node scripts/build-dashboard.js` writes', () => {
  expect(dashboardText).toBe(renderDashboard())
})

test('every series of a scrape is on it, and no other', () => {
  const shown = new Set(queries.flatMap(({ expr }) => seriesIn(expr)))
  expect([...shown].toSorted()).toEqual(specs.map(({ name }) => name).toSorted())
})

test('queries select by labels that their series have', () => {
  const ofTarget = ['namespace', 'job', 'instance', 'le']
  for (const { expr } of queries)
    for (const [, series = '', selector = ''] of expr.matchAll(/\b((?:ai|nodejs|process)_\w+)\{([^}]*)\}/g)) {
      const spec = specs.find(({ name }) => name === series.replace(/_(bucket|count|sum)$/, ''))
      const labels = [...selector.matchAll(/(\w+)[=!]~?"/g)].map(([, label = '']) => label)
      const strange = labels.filter((label) => ![...ofTarget, ...(spec?.labelNames ?? [])].includes(label))
      expect({ series, strange }).toEqual({ series, strange: [] })
    }
})

test('every variable is used, and every one that is used is there', () => {
  const given = dashboard.templating.list.map(({ name }) => name)
  const texts = [
    ...queries.map(({ expr }) => expr),
    ...dashboard.templating.list.map(({ definition = '' }) => definition),
  ]
  const used = texts.flatMap((text) => [...text.matchAll(/\$([a-z_]\w*)/g)].map(([, name = '']) => name))
  const ofGrafana = ['__rate_interval', '__range']
  expect([...new Set(used), 'datasource'].filter((name) => !ofGrafana.includes(name)).toSorted()).toEqual(
    given.toSorted(),
  )
})

test('panels have ids of their own and places of their own', () => {
  const { panels } = dashboard
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  for (const { gridPos: one, title } of panels) {
    expect(one.x + one.w, title).toBeLessThanOrEqual(24)
    const over = panels.filter(
      ({ gridPos: other }) =>
        other !== one &&
        one.x < other.x + other.w &&
        other.x < one.x + one.w &&
        one.y < other.y + other.h &&
        other.y < one.y + one.h,
    )
    expect(
      over.map((panel) => panel.title),
      title,
    ).toEqual([])
  }
})

test('provisioning is YAML that names the dashboards’ folder and a Prometheus', () => {
  const folder = join(root, 'deploy', 'grafana', 'provisioning')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  expect(files.toSorted()).toEqual(['dashboards/ai-service.yaml', 'datasources/prometheus.yaml'])
  for (const file of files) expect(parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({ apiVersion: 1 })
})
