// Prometheus' text exposition format 0.0.4: names, labels, numbers and the lines of a family.

export type Labels = readonly (readonly [name: string, value: string])[]

/** A metric's name as Prometheus takes it. */
export function metricName(name: string): string {
  if (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) return name
  const cleaned = name.replace(/[^a-zA-Z0-9_:]/g, '_')
  return /^[a-zA-Z_:]/.test(cleaned) ? cleaned : `_${cleaned}`
}

/** A label's name as Prometheus takes it; `le` and names with two leading underscores are its own. */
export function labelName(name: string): string {
  const cleaned = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^_+/, '')
  const started = /^[a-zA-Z]/.test(cleaned) ? cleaned : `tag_${cleaned}`
  return started === 'le' || started === 'quantile' ? `tag_${started}` : started
}

export function head(name: string, kind: string, help: string): string {
  return `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${kind}`
}

export function sample(name: string, labels: Labels, value: number): string {
  const pairs = labels.map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`
}

export function number(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}
