// Exports: batches, a queue that drops its oldest, repeats as the receiver wants them, and an end that waits for nobody too long.
import { gunzipSync } from 'node:zlib'
import type { Clock } from 'ai-lib/internal/attempts/clock'
import type { Channel, UpstreamRequest, UpstreamSink } from 'ai-lib/internal/transport/transport'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpExporter, type OtlpExporterParts, type SpanOutcome } from './otlp-exporter.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Answer = (sink: UpstreamSink) => void
const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): Answer =>
  (sink) => {
    sink.head(code, headers)
    sink.data(Buffer.from(body))
    sink.end()
  }

/** The n-th request gets the n-th answer; the last one repeats. `never` keeps it waiting. */
function opened(answers: readonly (Answer | 'never')[], more: Partial<OtlpExporterParts> = {}) {
  const sent: UpstreamRequest[] = []
  const told: string[] = []
  const slept: number[] = []
  const counts: Partial<Record<SpanOutcome, number>> = {}
  let destroyed = 0
  const channel: Channel = {
    send(request: UpstreamRequest, sink: UpstreamSink) {
      const answer = answers[sent.length] ?? answers.at(-1) ?? status(200)
      sent.push(request)
      if (answer !== 'never') queueMicrotask(() => answer(sink))
      return { isSent: true, pause: () => undefined, resume: () => undefined, destroy: () => void destroyed++ }
    },
    close: () => Promise.resolve(),
  }
  const clock: Clock = {
    nowMs: () => Date.now(),
    dateMs: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept.push(ms)
        setTimeout(resolve, ms)
        signal.addEventListener('abort', () => resolve())
      }),
  }
  const exporter = new OtlpExporter({
    channel,
    path: '/v1/traces',
    headers: { 'x-tenant': 't' },
    envelope: { head: '[', tail: ']' },
    isCompressed: false,
    maxWaiting: 2_000,
    intervalMs: 5_000,
    timeoutMs: 10_000,
    clock,
    random: () => 1,
    onOutcome: (outcome, spans) => void (counts[outcome] = (counts[outcome] ?? 0) + spans),
    onState: (state, why) => void told.push(`${state} ${why}`.trim()),
    ...more,
  })
  const add = (...texts: readonly string[]): void => {
    for (const text of texts) exporter.add({ text, count: 2 })
  }
  const bodies = (): string[] => sent.map(({ body }) => String(body))
  return { exporter, add, sent, bodies, told, slept, counts, destroyed: () => destroyed }
}

test('spans wait for company, then go in one request', async () => {
  const { add, bodies, sent, counts } = opened([status(200)])
  add('1', '2')
  await vi.advanceTimersByTimeAsync(4_999)
  expect(sent).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(bodies()).toEqual(['[1,2]'])
  expect(sent[0]).toMatchObject({ method: 'POST', path: '/v1/traces', headers: { 'x-tenant': 't' } })
  expect(counts).toEqual({ exported: 4 })
})

test('a full batch does not wait, and what comes meanwhile goes next', async () => {
  const { add, sent, exporter, counts } = opened([status(200)])
  add(...Array.from({ length: 700 }, () => 'x'))
  await vi.advanceTimersByTimeAsync(0)
  expect(sent).toHaveLength(2)
  expect(exporter.depth).toBe(1_400 - 1_024)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(counts).toEqual({ exported: 1_400 })
})

test('F51 a receiver that takes nothing costs the oldest spans, and memory stays bounded', async () => {
  const { add, exporter, counts, destroyed } = opened(['never'], { maxWaiting: 10 })
  add(...Array.from({ length: 300 }, (_, at) => String(at)))
  expect(exporter.depth).toBe(10)
  expect(counts).toEqual({ dropped: 590 })
  const closed = exporter.close()
  await vi.advanceTimersByTimeAsync(5_000)
  await closed
  expect(counts).toEqual({ dropped: 590, lost: 10 })
  expect(destroyed()).toBe(1)
})

test('F51 the last spans are those that stay', async () => {
  const { add, bodies } = opened([status(200)], { maxWaiting: 4 })
  add('1', '2', '3', '4')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(bodies()).toEqual(['[3,4]'])
})

test.each([429, 502, 503, 504])('F51 %i is sent again until it is taken, and said once', async (code) => {
  const { add, sent, slept, told, counts } = opened([status(code), status(code), status(200)])
  add('1')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sent).toHaveLength(3)
  expect(slept).toEqual([1_000, 2_000])
  expect(told).toEqual([`away answered with status ${code}`, 'back'])
  expect(counts).toEqual({ exported: 2 })
})

test('F51 a receiver that says when is asked then', async () => {
  const { add, sent, slept } = opened([status(503, { 'retry-after': '7' }), status(200)])
  add('1')
  await vi.advanceTimersByTimeAsync(11_999)
  expect([slept, sent.length]).toEqual([[7_000], 1])
  await vi.advanceTimersByTimeAsync(1)
  expect(sent).toHaveLength(2)
})

test('F51 a batch that nobody takes for five minutes is given up, and the next one is tried', async () => {
  const down: Answer = (sink) => sink.fail({ kind: 'refused', afterHead: false })
  const { add, counts, told, exporter } = opened([down])
  add('1')
  await vi.advanceTimersByTimeAsync(400_000)
  expect(counts).toEqual({ lost: 2 })
  expect(told).toEqual(['away not reached (refused)'])
  expect(exporter.depth).toBe(0)
})

test.each([400, 401, 404, 413, 500, 302])('%i is never sent again', async (code) => {
  const { add, sent, told, counts } = opened([status(code)])
  add('1')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(sent).toHaveLength(1)
  expect(counts).toEqual({ refused: 2 })
  expect(told).toEqual([`away answered with status ${code}`])
})

test('spans that a receiver leaves out are counted, with its words', async () => {
  const body = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}'
  const { add, counts, told } = opened([status(200, {}, body)])
  add('1')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(counts).toEqual({ exported: 1, refused: 1 })
  expect(told).toEqual(['away left spans out: too old'])
})

test.each(['', 'no json', '{"partialSuccess":null}', '{"partialSuccess":{"rejectedSpans":"many"}}', '[]', '7'])(
  'an answer of %j is a success',
  async (body) => {
    const { add, counts } = opened([status(200, {}, body)])
    add('1')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(counts).toEqual({ exported: 2 })
  },
)

test('F51 a receiver that is silent is left after its time, and asked again', async () => {
  const { add, sent, destroyed, told, counts } = opened(['never', status(200)])
  add('1')
  await vi.advanceTimersByTimeAsync(5_000 + 10_000 + 1_000)
  expect([sent.length, destroyed()]).toEqual([2, 1])
  expect(told).toEqual(['away no answer in time', 'back'])
  expect(counts).toEqual({ exported: 2 })
})

test('closing sends what waits at once, more than a batch too', async () => {
  const { add, exporter, counts, sent } = opened([status(200)])
  add(...Array.from({ length: 300 }, () => 'x'))
  add('late')
  await exporter.close()
  expect(sent).toHaveLength(2)
  expect(counts).toEqual({ exported: 602 })
  exporter.add({ text: 'too late', count: 2 })
  expect(counts).toEqual({ exported: 602, lost: 2 })
})

test('F51 closing waits for no pause, and tries once more', async () => {
  const { add, exporter, sent, counts } = opened([status(503, { 'retry-after': '200' }), status(200)])
  add('1')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(sent).toHaveLength(1)
  await exporter.close()
  expect(sent).toHaveLength(2)
  expect(counts).toEqual({ exported: 2 })
})

test('bodies are compressed where that is asked for', async () => {
  vi.useRealTimers()
  const { add, exporter, sent } = opened([status(200)], { isCompressed: true })
  add('1')
  await exporter.close()
  expect(sent[0]?.headers).toEqual({ 'x-tenant': 't', 'content-encoding': 'gzip' })
  expect(gunzipSync(sent[0]?.body as Buffer).toString()).toBe('[1]')
})
