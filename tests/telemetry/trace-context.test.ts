// Trace context where nothing is exported: passed on as it came to those who may know it, named in log and audit trail.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, eventually, logLines, paths, post } from '../faults/asking.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
let simulated: Simulated
let closed: Simulated
beforeAll(async () => {
  simulated = await startSimulated({
    provider: '    traceContext: true\n',
    yaml: 'audit: { sinks: [ { kind: stdout } ] }',
  })
  closed = await startSimulated()
})
afterAll(async () => {
  await simulated.stop()
  await closed.stop()
})

const askOf = ({ service }: Simulated, headers: Readonly<Record<string, string>> = {}) =>
  post(service.url, paths.openai, chatBody('openai/gpt-4o'), headers)

test('a provider with traceContext: true is told what the caller said, and log and audit trail name the trace', async () => {
  const { headers } = await askOf(simulated, { traceparent, tracestate: 'vendor=1', 'x-ai-tags': 'team=search' })
  const id = headers.get('x-request-id')
  expect(simulated.openai.requests.at(-1)?.headers).toMatchObject({ traceparent, tracestate: 'vendor=1' })
  const lines = () => logLines(simulated.service).filter((line) => line['request_id'] === id)
  await eventually(() => lines().length === 3, 'a line and two records')
  expect(lines().find(({ message }) => message === 'request')).toMatchObject({
    trace_id: traceId,
    span_id: '00f067aa0ba902b7',
  })
  const records = lines().filter(({ kind }) => kind === 'start' || kind === 'end')
  expect(records.map(({ tags }) => tags)).toEqual(Array(2).fill({ team: 'search', trace_id: traceId }))
})

test('without a traceparent there is no trace at all', async () => {
  const { headers } = await askOf(simulated)
  const { traceparent: told, tracestate } = simulated.openai.requests.at(-1)?.headers ?? {}
  expect([told, tracestate]).toEqual([undefined, undefined])
  const lines = () => logLines(simulated.service).filter((line) => line['request_id'] === headers.get('x-request-id'))
  await eventually(() => lines().length === 3, 'a line and two records')
  expect(JSON.stringify(lines())).not.toContain('trace_id')
})

test('a provider of which nothing is said is told nothing where nothing is recorded, private or not', async () => {
  await askOf(closed, { traceparent, tracestate: 'vendor=1' })
  const { traceparent: told, tracestate } = closed.openai.requests.at(-1)?.headers ?? {}
  expect([told, tracestate]).toEqual([undefined, undefined])
})
