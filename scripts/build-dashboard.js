// Writes deploy/grafana/dashboards/ai-service.json from the rows of dashboard-rows.js.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { rows } from './dashboard-rows.js'

/** Of Grafana 12 and 13; older ones from 10 on read it too. */
const schemaVersion = 42
const columns = 24
const datasource = { type: 'prometheus', uid: '${datasource}' }

/** The whole file. */
export function renderDashboard() {
  return `${JSON.stringify(dashboard(), undefined, 2)}\n`
}

function dashboard() {
  return {
    uid: 'ai-service',
    title: 'ai-service',
    description:
      'Requests, errors, latency, tokens, money, providers, cache, limits, audit, backups and configuration of ai-service.',
    tags: ['ai-service'],
    schemaVersion,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-1h', to: 'now' },
    refresh: '30s',
    timezone: 'browser',
    annotations: { list: [configChanges()] },
    templating: { list: variables() },
    links: [],
    panels: panels(),
  }
}

function variables() {
  const own = 'namespace=~"$namespace", job=~"$job"'
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      current: { text: 'default', value: 'default' },
      refresh: 1,
    },
    variable('namespace', 'label_values(ai_service_build_info, namespace)'),
    variable('job', 'label_values(ai_service_build_info{namespace=~"$namespace"}, job)'),
    variable('instance', `label_values(ai_service_build_info{${own}}, instance)`),
    variable('provider', `label_values(ai_requests_total{${own}}, provider)`),
    variable('model', `label_values(ai_requests_total{${own}, provider=~"$provider"}, model)`),
  ]
}

function variable(name, query) {
  return {
    name,
    type: 'query',
    datasource,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // A label that nobody has, such as namespace outside of Kubernetes, is matched too.
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
  }
}

/** A mark in every graph where another configuration began to serve. */
function configChanges() {
  return {
    name: 'Configuration',
    datasource,
    enable: true,
    iconColor: 'blue',
    expr: 'count by (hash) (ai_config_version_info{namespace=~"$namespace", job=~"$job"}) unless count by (hash) (ai_config_version_info{namespace=~"$namespace", job=~"$job"} offset 1m)',
    titleFormat: 'configuration {{hash}}',
  }
}

function panels() {
  const placed = []
  let y = 0
  for (const { title, panels: inRow } of rows) {
    placed.push({ type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: columns, h: 1 }, panels: [] })
    y += 1
    let [x, tallest] = [0, 0]
    for (const panel of inRow) {
      if (x + panel.width > columns) [x, y, tallest] = [0, y + tallest, 0]
      placed.push(rendered(panel, { x, y, w: panel.width, h: panel.height }))
      x += panel.width
      tallest = Math.max(tallest, panel.height)
    }
    y += tallest
  }
  return placed.map((panel, index) => ({ id: index + 1, ...panel }))
}

function rendered({ type, title, unit, thresholds = [], values = {}, targets }, gridPos) {
  const isInstant = type === 'stat' || type === 'table'
  return {
    type,
    title,
    gridPos,
    datasource,
    targets: targets.map(([expr, legendFormat], index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      expr,
      legendFormat,
      editorMode: 'code',
      range: !isInstant,
      instant: isInstant,
      format: type === 'table' ? 'table' : type === 'heatmap' ? 'heatmap' : 'time_series',
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: type === 'timeseries' ? 0 : undefined,
        color: { mode: type === 'timeseries' ? 'palette-classic' : 'thresholds' },
        thresholds: { mode: 'absolute', steps: steps(thresholds) },
        mappings: mappings(values),
      },
      overrides: [],
    },
    options: options[type],
  }
}

function steps(thresholds) {
  return [{ color: 'green', value: null }, ...thresholds.map(([color, value]) => ({ color, value }))]
}

function mappings(values) {
  const entries = Object.entries(values)
  if (entries.length === 0) return []
  const options = Object.fromEntries(entries.map(([figure, [color, text]], index) => [figure, { color, text, index }]))
  return [{ type: 'value', options }]
}

const options = {
  stat: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value', graphMode: 'none' },
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  table: { showHeader: true },
  heatmap: { calculate: false, yAxis: { unit: 's' }, color: { mode: 'scheme', scheme: 'Oranges', steps: 64 } },
  'state-timeline': {
    showValue: 'never',
    rowHeight: 0.9,
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  },
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(new URL('../deploy/grafana/dashboards/ai-service.json', import.meta.url), renderDashboard())
