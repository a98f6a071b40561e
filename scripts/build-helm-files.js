// Writes what the chart has from elsewhere: variables of providers, alert rules, dashboards, its version, and its page.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMap, isScalar, parseDocument } from 'yaml'
import { valueOfProvider } from './helm-values-schema.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const chart = 'deploy/helm/ai-service'
/** A chart cannot read what lies outside its folder, so it has copies. */
const copied = [
  { from: 'deploy/prometheus/rules', to: `${chart}/files/rules`, ending: '.yaml' },
  { from: 'deploy/grafana/dashboards', to: `${chart}/files/dashboards`, ending: '.json' },
]
const BEGIN = '<!-- values -->'
const END = '<!-- end of values -->'

function read(path) {
  return readFileSync(`${root}/${path}`, 'utf8')
}

/** Which variables say that a provider is configured, and which value stands for which. */
export function renderProviderVariables(specs) {
  const withKeys = [...specs].filter(([, { keyVariables }]) => keyVariables.length > 0)
  const all = (of) => [...specs.values()].flatMap(of)
  const data = {
    values: Object.fromEntries(withKeys.map(([name, spec]) => [valueOfProvider(name), spec.keyVariables[0]])),
    keys: [...all(({ keyVariables }) => keyVariables), 'AI_API_KEY'],
    urls: [...all(({ baseUrlVariables, isKeyRequired }) => (isKeyRequired ? [] : baseUrlVariables)), 'AI_BASE_URL'],
  }
  return `${JSON.stringify(data, null, 2)}\n`
}

/** Rows of the page: every value with its default and its comment. */
export function renderValues(valuesText) {
  const rows = []
  collect(parseDocument(valuesText).contents, '', rows)
  const lines = rows.map(({ path, value, meaning }) => `| \`${path}\` | \`${value}\` | ${meaning} |`)
  return `| value | default | meaning |\n|---|---|---|\n${lines.join('\n')}\n`
}

function collect(map, prefix, rows) {
  for (const [index, { key, value }] of map.items.entries()) {
    // The comment above the first key of a map belongs to the map itself.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined) ?? ''
    const path = `${prefix}${key.value}`
    const meaning = meaningIn(comment)
    if (meaning === undefined && isMap(value) && value.items.length > 0) collect(value, `${path}.`, rows)
    else rows.push({ path, value: shown(value), meaning: (meaning ?? '').replaceAll('|', '\\|') })
  }
}

/** What follows `--`, to the end of the comment; `undefined` where a comment has none and speaks of a whole section. */
function meaningIn(comment) {
  const [, text] = comment.split(/^ ?-- /m)
  return text?.replaceAll(/\s*\n\s*/g, ' ').trim()
}

function shown(node) {
  return isScalar(node) ? JSON.stringify(node.value) : JSON.stringify(node.toJSON())
}

/** The page with its table of values as they are. */
export function renderReadme(page, valuesText) {
  const [before] = page.split(BEGIN)
  const [, after] = page.split(END)
  return `${before}${BEGIN}\n\n${renderValues(valuesText)}\n${END}${after}`
}

/** Chart.yaml with both versions as the package has them. */
export function renderChart(chartText, version) {
  return chartText
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^appVersion: .*$/m, `appVersion: ${version}`)
}

/** Every file by path, as it should be. */
export async function currentFiles() {
  const { providerSpecs } = await import('../packages/ai-lib/src/providers/registry.ts')
  const { version } = JSON.parse(read('packages/ai-service/package.json'))
  const files = new Map([
    [`${chart}/files/provider-variables.json`, renderProviderVariables(providerSpecs)],
    [`${chart}/README.md`, renderReadme(read(`${chart}/README.md`), read(`${chart}/values.yaml`))],
    [`${chart}/Chart.yaml`, renderChart(read(`${chart}/Chart.yaml`), version)],
  ])
  for (const { from, to, ending } of copied)
    for (const name of namesIn(from, ending)) files.set(`${to}/${name}`, read(`${from}/${name}`))
  return files
}

/** Copies whose original is gone. */
export function strayCopies() {
  return copied.flatMap(({ from, to, ending }) => {
    const there = new Set(namesIn(from, ending))
    return namesIn(to, ending)
      .filter((name) => !there.has(name))
      .map((name) => `${to}/${name}`)
  })
}

function namesIn(folder, ending) {
  const path = `${root}/${folder}`
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(ending)) : []
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const path of strayCopies()) rmSync(`${root}/${path}`)
  for (const [path, text] of await currentFiles()) {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true })
    writeFileSync(`${root}/${path}`, text)
  }
}
