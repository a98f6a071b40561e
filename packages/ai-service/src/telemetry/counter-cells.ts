// Counters as plain numbers that a scrape copies out: adding costs one addition instead of hashing a label object.
import { Counter, type Registry } from 'prom-client'

export interface Cell {
  value: number
}

export interface CounterSpec {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** Cells count in units this many times smaller than the series shows, so that sums stay whole numbers. Default 1. */
  readonly divisor?: number
}

export class CounterCells {
  readonly #labelNames: readonly string[]
  readonly #cells: { readonly cell: Cell; readonly labels: Record<string, string> }[] = []

  constructor(registry: Registry, { name, help, labelNames, divisor = 1 }: CounterSpec) {
    this.#labelNames = labelNames
    const cells = this.#cells
    // `collect` runs before each scrape; counters only rise, so that resetting and adding gives the totals.
    const counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        counter.reset()
        for (const { cell, labels } of cells) counter.inc(labels, cell.value / divisor)
      },
    })
  }

  /** A new cell; values in the order of the label names. The caller keeps it: one per combination. */
  open(...values: readonly string[]): Cell {
    const cell: Cell = { value: 0 }
    const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index] ?? '']))
    this.#cells.push({ cell, labels })
    return cell
  }
}
