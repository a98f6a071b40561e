// What the chart has from elsewhere is as it is there: schema, providers, alerts, dashboards, version, table of values.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { currentFiles, strayCopies } from './build-helm-files.js'
import { currentHelmSchema } from './build-helm-schema.js'

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
}

test('values.schema.json is what `node scripts/build-helm-schema.js` writes', async () => {
  expect(read('deploy/helm/ai-service/values.schema.json')).toBe(await currentHelmSchema())
})

test('the chart’s files are what `node scripts/build-helm-files.js` writes', async () => {
  const files = await currentFiles()
  expect([...files.keys()]).toContain('deploy/helm/ai-service/files/rules/ai-service.yaml')
  for (const [path, text] of files) expect(read(path), path).toBe(text)
  expect(strayCopies()).toEqual([])
})

test('every value on the page has a meaning', () => {
  const page = read('deploy/helm/ai-service/README.md')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(100)
  const isTold = (row: string): boolean => (row.split(' | ').at(-1) ?? '').replace('|', '').trim() !== ''
  expect(
    rows.filter((row) => !isTold(row) && !/`(?:probes|resources|podSecurityContext|securityContext)\./.test(row)),
  ).toEqual([])
})

test('the chart’s appVersion is the package’s version', () => {
  const { version } = JSON.parse(read('packages/ai-service/package.json'))
  expect(read('deploy/helm/ai-service/Chart.yaml')).toContain(`\nversion: ${version}\nappVersion: ${version}\n`)
})
