// The reference page of metrics is the table's own, and a scrape has what the table has.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createServiceMetrics } from '../packages/ai-service/src/telemetry/metrics.ts'
import * as specs from '../packages/ai-service/src/telemetry/series-specs.ts'
import { labelValues, renderMetricsReference } from './build-metrics-docs.js'

const page = readFileSync(new URL('../docs/reference/metrics.md', import.meta.url), 'utf8')
const all: readonly { readonly name: string; readonly type: string; readonly labelNames?: readonly string[] }[] = [
  ...Object.values(specs.seriesSpecs),
  ...Object.values(specs.runtimeSpecs),
]

test('docs/reference/metrics.md is what `node scripts/build-metrics-docs.js` writes', () => {
  expect(page).toBe(renderMetricsReference(specs))
})

test('a scrape has every series of the table with its type, and no other', async () => {
  const metrics = createServiceMetrics({ runtime: process })
  const { body } = await metrics.render()
  metrics.close()
  const scraped = [...body.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name, type]) => `${name} ${type}`)
  expect(scraped.toSorted()).toEqual(all.map(({ name, type }) => `${name} ${type}`).toSorted())
})

test('every label has its values described, and no label that no series has', () => {
  const labels = new Set(all.flatMap(({ labelNames = [] }) => labelNames))
  expect(Object.keys(labelValues).toSorted()).toEqual([...labels].toSorted())
})
