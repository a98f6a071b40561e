// What Prometheus reads is what was recorded, in its format, however hostile names and values are; memory is bounded.
import { expect, test } from 'vitest'
import { PrometheusMetrics } from './prometheus-metrics.ts'

/** Samples of a scrape by their text before the value. */
function samples(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('counters, gauges, histograms, errors and successes', () => {
  const metrics = new PrometheusMetrics({ buckets: [0.1, 1], help: { seen_total: 'Seen.' } })
  metrics.incrCounter('seen')
  metrics.incrCounter('seen', 2)
  metrics.incrCounter('seen_total', 4, { b: '2', a: '1' })
  metrics.incrCounter('seen_total', 1, { a: '1', b: '2' })
  metrics.recordGauge('open', 7)
  metrics.recordGauge('open', 3)
  for (const value of [0.05, 0.1, 0.5, 9]) metrics.recordHistogram('took_seconds', value, { to: 'x' })
  metrics.recordError('provider_failed', { provider: 'openai' })
  metrics.recordSuccess({ provider: 'openai' })
  expect(metrics.render()).toContain('# HELP seen_total Seen.\n# TYPE seen_total counter\nseen_total 3\n')
  expect(samples(metrics.render())).toEqual({
    seen_total: 3,
    'seen_total{a="1",b="2"}': 5,
    open: 3,
    'took_seconds_bucket{to="x",le="0.1"}': 2,
    'took_seconds_bucket{to="x",le="1"}': 3,
    'took_seconds_bucket{to="x",le="+Inf"}': 4,
    'took_seconds_sum{to="x"}': 9.65,
    'took_seconds_count{to="x"}': 4,
    'ai_errors_total{code="provider_failed",provider="openai"}': 1,
    'ai_successes_total{provider="openai"}': 1,
  })
})

test('a timer records seconds, once', () => {
  const metrics = new PrometheusMetrics()
  const timer = metrics.startTimer('took_seconds')
  expect(timer.stop()).toBe(timer.stop())
  expect(samples(metrics.render())['took_seconds_count']).toBe(1)
})

test('past its bound a metric counts everything new as other, and loses no count', () => {
  const metrics = new PrometheusMetrics({ maxSeries: 3 })
  for (let index = 0; index < 10_000; index++) metrics.incrCounter('seen_total', 1, { model: `m${index}` })
  const seen = samples(metrics.render())
  expect(Object.keys(seen)).toHaveLength(4)
  expect(seen['seen_total{model="other"}']).toBe(9_997)
})

test('label names without end are bounded too', () => {
  const metrics = new PrometheusMetrics({ maxSeries: 3 })
  for (let index = 0; index < 10_000; index++) metrics.incrCounter('seen_total', 1, { [`l${index}`]: 'x' })
  for (let index = 0; index < 10_000; index++) metrics.incrCounter(`seen_${index}_total`)
  expect(metrics.render().split('\n').length).toBeLessThan(4_000)
})

test('names and values that are none become some, and stay one line each', () => {
  const metrics = new PrometheusMetrics()
  metrics.incrCounter('1 bad.name', 1, { le: 'a', __name__: 'b', '9': 'c', 'x-y': 'quote" slash\\ line\nend' })
  expect(samples(metrics.render())).toEqual({
    '_1_bad_name_total{name__="b",tag_9="c",tag_le="a",x_y="quote\\" slash\\\\ line\\nend"}': 1,
  })
})

test('values that are no count are left out', () => {
  const metrics = new PrometheusMetrics()
  for (const value of [-1, NaN, Infinity]) metrics.incrCounter('seen', value)
  metrics.incrCounter('seen', 1)
  metrics.recordHistogram('took', NaN)
  metrics.recordGauge('open', Infinity)
  expect(samples(metrics.render())).toEqual({ seen_total: 1, open: NaN })
  expect(metrics.render()).toContain('open +Inf\n')
})

test('one name is of one kind: what comes as another is left out', () => {
  const metrics = new PrometheusMetrics()
  metrics.recordGauge('a.b', 1)
  metrics.recordHistogram('a_b', 2)
  expect(samples(metrics.render())).toEqual({ a_b: 1 })
})

test.each([
  [{ maxSeries: 0 }, /maxSeries is 0/],
  [{ maxSeries: 1.5 }, /maxSeries/],
  [{ buckets: [1, 1] }, /rise/],
  [{ buckets: [1, NaN] }, /rise/],
  [{ buckets: [1, Infinity] }, /finite/],
])('%o is refused', (options, message) => {
  expect(() => new PrometheusMetrics(options)).toThrow(message)
})
