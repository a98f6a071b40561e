// Metrics for Prometheus without a dependency: cells in memory, bounded, rendered when somebody scrapes.
import { type MeasuringTimer, type MetricTags, startTimer, type SyncMetrics } from './metrics.ts'
import { head, labelName, type Labels, metricName, number, sample } from './prometheus-text.ts'
import { clientSeries } from './series.ts'

/** Bounds of a `PrometheusMetrics`, and texts for metrics of your own. */
export interface PrometheusOptions {
  /** Combinations of label values that one metric may have; further ones become `other`. Default 500. */
  readonly maxSeries?: number
  /** Upper bounds of histogram buckets, rising. Default: 0.01 to 600, for seconds. */
  readonly buckets?: readonly number[]
  /** Help texts by metric name, for metrics of your own. */
  readonly help?: Readonly<Record<string, string>>
}

type Kind = 'counter' | 'gauge' | 'histogram'

interface Series {
  readonly labels: Labels
  value: number
  /** Of a histogram: how many values were at most each bound. */
  readonly counts: number[]
  count: number
}

interface Family {
  readonly name: string
  readonly kind: Kind
  readonly series: Map<string, Series>
}

const defaultBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Metrics at most: names are written in code, so that more of them are a mistake. */
const maxFamilies = 1_000
const longestValue = 128
/** Sets of label names that may each have their `other`. */
const maxOverflows = 16
const knownHelp = new Map<string, string>(Object.values(clientSeries).map(({ name, help }) => [name, help]))

/**
 * Counts what clients tell it and renders it for Prometheus. Counters get the ending `_total`; times are in seconds.
 *
 * Memory is bounded: past `maxSeries` combinations of label values a metric counts everything new under `other`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { AiClient, PrometheusMetrics, Provider } from 'ai-lib'
 *
 * const metrics = new PrometheusMetrics()
 * export const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...', metrics })
 * createServer((_request, response) => {
 *   response.writeHead(200, { 'content-type': metrics.contentType }).end(metrics.render())
 * }).listen(9464, '127.0.0.1')
 * ```
 */
export class PrometheusMetrics implements SyncMetrics {
  /** For the answer to a scrape. */
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #families = new Map<string, Family>()
  readonly #maxSeries: number
  readonly #buckets: readonly number[]
  readonly #help: ReadonlyMap<string, string>

  /** @throws RangeError where the bounds of buckets do not rise or `maxSeries` is no whole number above 0. */
  constructor({ maxSeries = 500, buckets = defaultBuckets, help = {} }: PrometheusOptions = {}) {
    if (!Number.isInteger(maxSeries) || maxSeries < 1)
      throw new RangeError(`maxSeries is ${maxSeries}: give a whole number above 0.`)
    if (buckets.some((bound, index) => !(bound > (buckets[index - 1] ?? -Infinity)) || bound === Infinity))
      throw new RangeError('buckets must rise and be finite.')
    this.#maxSeries = maxSeries
    this.#buckets = [...buckets]
    this.#help = new Map([...knownHelp, ...Object.entries(help)])
  }

  incrCounter(name: string, value = 1, tags: MetricTags = {}): void {
    // A counter that falls would look like a restart.
    if (!(value >= 0) || value === Infinity) return
    const series = this.#series(name.endsWith('_total') ? name : `${name}_total`, 'counter', tags)
    if (series) series.value += value
  }

  recordGauge(name: string, value: number, tags: MetricTags = {}): void {
    const series = this.#series(name, 'gauge', tags)
    if (series) series.value = value
  }

  recordHistogram(name: string, value: number, tags: MetricTags = {}): void {
    if (Number.isNaN(value)) return
    const series = this.#series(name, 'histogram', tags)
    if (!series) return
    series.value += value
    series.count++
    const bucket = this.#buckets.findIndex((bound) => value <= bound)
    if (bucket !== -1) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
  }

  startTimer(name: string, tags: MetricTags = {}): MeasuringTimer {
    return startTimer((elapsedMs) => this.recordHistogram(name, elapsedMs / 1_000, tags))
  }

  recordError(code: string, tags: MetricTags = {}): void {
    this.incrCounter(clientSeries.errors.name, 1, { code, ...tags })
  }

  recordSuccess(tags: MetricTags = {}): void {
    this.incrCounter(clientSeries.successes.name, 1, tags)
  }

  /** Everything so far, in the text exposition format 0.0.4. */
  render(): string {
    return [...this.#families.values()].map((family) => `${this.#renderFamily(family)}\n`).join('')
  }

  #series(name: string, kind: Kind, tags: MetricTags): Series | undefined {
    const family = this.#family(metricName(name), kind)
    if (family?.kind !== kind) return undefined
    const labels = labelsOf(tags)
    const known = family.series.get(keyOf(labels))
    if (known || family.series.size < this.#maxSeries) return known ?? open(family, labels)
    const other = labels.map(([label]) => [label, 'other'] as const)
    const overflow = family.series.get(keyOf(other))
    // Sets of label names are written in code: where even they do not end, counting less is better than growing.
    return overflow ?? (family.series.size < this.#maxSeries + maxOverflows ? open(family, other) : undefined)
  }

  #family(name: string, kind: Kind): Family | undefined {
    let family = this.#families.get(name)
    if (family || this.#families.size >= maxFamilies) return family
    this.#families.set(name, (family = { name, kind, series: new Map() }))
    return family
  }

  #renderFamily({ name, kind, series }: Family): string {
    const help = this.#help.get(name) ?? 'Recorded by the application.'
    const lines = [...series.values()].flatMap((one) =>
      kind === 'histogram' ? this.#renderHistogram(name, one) : [sample(name, one.labels, one.value)],
    )
    return [head(name, kind, help), ...lines].join('\n')
  }

  #renderHistogram(name: string, { labels, counts, count, value }: Series): readonly string[] {
    let below = 0
    const buckets = this.#buckets.map((bound, index) => {
      below += counts[index] ?? 0
      return sample(`${name}_bucket`, [...labels, ['le', number(bound)]], below)
    })
    return [
      ...buckets,
      sample(`${name}_bucket`, [...labels, ['le', '+Inf']], count),
      sample(`${name}_sum`, labels, value),
      sample(`${name}_count`, labels, count),
    ]
  }
}

function open(family: Family, labels: Labels): Series {
  const series = { labels, value: 0, counts: [], count: 0 }
  family.series.set(keyOf(labels), series)
  return series
}

function keyOf(labels: Labels): string {
  let key = ''
  for (const [label, value] of labels) key += `${label}\u0001${value}\u0002`
  return key
}

// Sorted, because the same labels in another order would be another series and a scrape with a double in it.
function labelsOf(tags: MetricTags): Labels {
  const named = new Map<string, string>()
  for (const tag in tags) named.set(labelName(tag), (tags[tag] ?? '').slice(0, longestValue))
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1))
}
