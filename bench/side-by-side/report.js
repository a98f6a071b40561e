// The bench's figures as a table for people and as JSON for whoever compares runs.
import { cpus, release, totalmem } from 'node:os'
import { format, median } from './measure.js'

/** @param records as measureRows gives them. */
export function summarise(records) {
  const valuesOf = (row, contender, figure) =>
    records.filter((record) => record.row === row && record.contender === contender).map((record) => record[figure])
  return {
    medianOf: (row, contender, figure) => median(valuesOf(row, contender, figure)),
    sumOf(row, figure) {
      const values = valuesOf(row, 'service', figure)
      return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0)
    },
  }
}

export function tableLines({ rows, names, records, medianOf, idle, gates }) {
  const lines = []
  for (const row of rows) {
    const isThere = (name) => records.some((record) => record.row === row.name && record.contender === name)
    const present = [...names, 'direct'].filter(isThere)
    const perUnit = row.figure === 'rps' ? 'CPU µs/request' : ''
    lines.push('', row.title, line(['', row.unit, '× nginx', 'gateway core', perUnit]))
    for (const name of present) {
      const value = medianOf(row.name, name, row.figure)
      const busy = medianOf(row.name, name, 'gatewayBusy')
      const cpu = row.figure === 'rps' ? format(medianOf(row.name, name, 'cpuUsPerRequest')) : ''
      const ratio = format(value / medianOf(row.name, 'nginx', row.figure))
      lines.push(line([name, format(value), ratio, name === 'direct' ? '' : `${format(busy * 100)} %`, cpu]))
    }
  }
  lines.push('', 'resident memory after start, MB')
  for (const [name, bytes] of Object.entries(idle)) lines.push(line([name, (bytes / 1e6).toFixed(1)]))
  lines.push('', 'gates')
  for (const gate of gates) lines.push(gateLine(gate))
  const noisy = records.filter(({ foreignCores }) => foreignCores > 0.1).length
  if (noisy > 0)
    lines.push('', `${noisy} of ${records.length} rounds were disturbed by other programs (foreignCores in the JSON).`)
  return lines
}

export function machine(node) {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem(), kernel: release(), node }
}

/** A name that says what machine it was without naming the host. */
export function machineSlug({ cpu, cores }) {
  const model = cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return `${model}-${cores}-cores`
}

function gateLine({ name, value, bound, sense, passed }) {
  const verdict = Number.isNaN(value) ? 'not measured' : passed ? 'ok' : 'FAILED'
  return `  ${name.padEnd(44)}${format(value).padStart(10)}  ${sense} ${String(bound).padEnd(6)} ${verdict}`
}

function line(cells) {
  return `  ${cells.map((cell, index) => (index === 0 ? cell.padEnd(14) : cell.padStart(16))).join('')}`.trimEnd()
}
