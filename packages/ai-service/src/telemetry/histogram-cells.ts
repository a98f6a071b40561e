// Histograms as plain arrays, written out when somebody scrapes: observing hashes no labels and builds no objects.

export interface HistogramCell {
  readonly bounds: readonly number[]
  /** One count per bound and one beyond the last; not cumulative. */
  readonly counts: Float64Array
  sum: number
}

export interface HistogramSpec {
  readonly name: string
  readonly help: string
  /** Upper bounds in rising order. */
  readonly bounds: readonly number[]
  readonly labelNames: readonly string[]
}

export class HistogramCells {
  readonly #spec: HistogramSpec
  readonly #cells: { readonly cell: HistogramCell; readonly labels: string }[] = []

  constructor(spec: HistogramSpec) {
    this.#spec = spec
  }

  /** A new cell; values in the order of the label names. The caller keeps it: one per combination. */
  open(...values: readonly string[]): HistogramCell {
    const { bounds, labelNames } = this.#spec
    const cell: HistogramCell = { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 }
    const labels = labelNames.map((name, index) => `${name}="${escaped(values[index] ?? '')}",`).join('')
    this.#cells.push({ cell, labels })
    return cell
  }

  /** Prometheus' text format, version 0.0.4. */
  render(): string {
    const { name, help } = this.#spec
    return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${this.#cells.map((entry) => linesOf(name, entry)).join('')}`
  }
}

export function observe(cell: HistogramCell, value: number): void {
  // A figure that is no number would make the sum useless for good.
  if (!(value >= 0)) return
  const { bounds, counts } = cell
  let at = 0
  while (at < bounds.length && value > (bounds[at] ?? 0)) at++
  counts[at] = (counts[at] ?? 0) + 1
  cell.sum += value
}

function linesOf(name: string, { cell, labels }: { readonly cell: HistogramCell; readonly labels: string }): string {
  let total = 0
  const buckets = cell.bounds.map((bound, at) => {
    total += cell.counts[at] ?? 0
    return `${name}_bucket{${labels}le="${bound}"} ${total}\n`
  })
  total += cell.counts[cell.bounds.length] ?? 0
  const plain = labels === '' ? '' : `{${labels.slice(0, -1)}}`
  return `${buckets.join('')}${name}_bucket{${labels}le="+Inf"} ${total}\n${name}_sum${plain} ${cell.sum}\n${name}_count${plain} ${total}\n`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (letter) => (letter === '\n' ? '\\n' : `\\${letter}`))
}
