// Observations fall into the right bucket, and the text says so as Prometheus reads it.
import { expect, test } from 'vitest'
import { HistogramCells, observe } from './histogram-cells.ts'

test('bounds are inclusive, buckets cumulative, and the rest is +Inf', () => {
  const cells = new HistogramCells({ name: 'x_seconds', help: 'X.', bounds: [0.5, 1], labelNames: ['model'] })
  const cell = cells.open('a"b\\c\nd')
  for (const value of [0, 0.5, 0.75, 1, 9]) observe(cell, value)
  const label = 'model="a\\"b\\\\c\\nd"'
  expect(cells.render()).toBe(
    `# HELP x_seconds X.
# TYPE x_seconds histogram
x_seconds_bucket{${label},le="0.5"} 2
x_seconds_bucket{${label},le="1"} 4
x_seconds_bucket{${label},le="+Inf"} 5
x_seconds_sum{${label}} 11.25
x_seconds_count{${label}} 5
`,
  )
})

test('without labels there are no empty braces', () => {
  const cells = new HistogramCells({ name: 'x', help: 'X.', bounds: [1], labelNames: [] })
  observe(cells.open(), 1)
  expect(cells.render()).toContain('x_bucket{le="1"} 1\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1\n')
})

test('what is no time is not observed', () => {
  const cells = new HistogramCells({ name: 'x', help: 'X.', bounds: [1], labelNames: [] })
  const cell = cells.open()
  for (const value of [Number.NaN, -1]) observe(cell, value)
  expect(cells.render()).toContain('x_sum 0\nx_count 0\n')
})
