// Gauges that are read when somebody scrapes, and are absent while there is nothing to read.
import { Gauge, type Registry } from 'prom-client'

export interface GaugeSpec {
  readonly name: string
  readonly help: string
}

/** @param read undefined takes the series away: 0 would look like a figure. */
export function readGauge(
  registry: Registry,
  { name, help }: GaugeSpec,
  read: () => number | undefined | Promise<number>,
): void {
  const metric = new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read()
      if (value === undefined) metric.remove()
      else metric.set(value)
    },
  })
}

/** One label, and of its values only those that are there now: what is gone must not stay at its last figure. */
export function readGauges(
  registry: Registry,
  { name, help, labelNames: [label] }: GaugeSpec & { readonly labelNames: readonly [string] },
  read: () => Iterable<readonly [string, number]>,
): void {
  const metric = new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      metric.reset()
      for (const [value, figure] of read()) metric.set({ [label]: value }, figure)
    },
  })
}
