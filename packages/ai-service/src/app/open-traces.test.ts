// Traces across configurations: one queue for all that lead to the same place, closed with the last of them.
import type { Channel, ChannelOptions, Transport, UpstreamRequest } from 'ai-lib/internal/transport/transport'
import { expect, test } from 'vitest'
import { mustLoad } from '../config/load.test.kit.ts'
import { exchangeOf, settlement } from '../exchange/exchange.test.kit.ts'
import { createRedactor } from '../redaction/redactor.ts'
import { createLog } from '../telemetry/log.ts'
import { summary } from '../telemetry/summary.test.kit.ts'
import type { SpanOutcome } from '../telemetry/traces/otlp-exporter.ts'
import { type OpenTraces, openTraces, type TraceParts } from './open-traces.ts'
import { Leases, SharedParts } from './shared-parts.ts'

function world() {
  const opened: ChannelOptions[] = []
  const sent: UpstreamRequest[] = []
  const transport: Transport = {
    open(options): Channel {
      opened.push(options)
      return {
        send(request, sink) {
          sent.push(request)
          queueMicrotask(() => (sink.head(200, {}), sink.end()))
          return { isSent: true, pause: () => undefined, resume: () => undefined, destroy: () => undefined }
        },
        close: () => Promise.resolve(),
      }
    },
  }
  const parts: TraceParts = {
    exporters: new SharedParts(async (exporter) => (await exporter).close()),
    spans: new Map<SpanOutcome, number>(),
    log: createLog({ level: 'silent', destination: process.stdout }),
    redactor: createRedactor(),
    version: '1.2.3',
  }
  const openYaml = async (yaml: string, env: Readonly<Record<string, string>> = {}) => {
    const leases = new Leases()
    const { config } = await mustLoad(yaml, { env: { OPENAI_API_KEY: 'sk-openai', ...env } })
    return { traces: await openTraces({ config, transport }, parts, leases), leases }
  }
  const open = (traces: string, env: Readonly<Record<string, string>> = {}) =>
    openYaml(`telemetry: { traces: { ${traces} } }`, env)
  return { opened, sent, parts, open, openYaml }
}

function record({ start, record: tell }: OpenTraces): void {
  const trace = start(undefined, undefined)
  if (trace) tell(exchangeOf(), trace, settlement, summary({ attempts: [] }))
}

test('a configuration that samples otherwise goes on with the queue, and what waits in it', async () => {
  const { opened, sent, parts, open } = world()
  const first = await open('otlp: "http://collector:4318", sample: 1')
  record(first.traces)
  const second = await open('otlp: "http://collector:4318", sample: 0.5')
  await first.leases.release()
  expect([opened.length, parts.exporters.size, sent.length, second.traces.depth()]).toEqual([1, 1, 0, 1])
  await second.leases.release()
  expect(parts.exporters.size).toBe(0)
  expect(parts.spans).toEqual(new Map([['exported', 1]]))
})

test.each([
  ['another receiver', 'otlp: "http://other:4318"', {}],
  [
    'another token',
    'otlp: "http://collector:4318", headers: { authorization: env:TOKEN }',
    { TOKEN: 'token-0123456789' },
  ],
  ['a proxy', 'otlp: "http://collector:4318"', { HTTP_PROXY: 'http://proxy:3128' }],
])('%s is another queue; the one before is sent to its end', async (_, traces, env) => {
  const { opened, sent, parts, open } = world()
  const first = await open('otlp: "http://collector:4318"')
  record(first.traces)
  const second = await open(traces, env)
  expect(parts.exporters.size).toBe(2)
  await first.leases.release()
  expect(sent).toHaveLength(1)
  expect([opened.length, parts.exporters.size, second.traces.depth()]).toEqual([2, 1, 0])
  await second.leases.release()
})

test('where nothing is traced nothing is opened, and a caller’s trace is known all the same', async () => {
  const { opened, open } = world()
  const { traces } = await open('enabled: false')
  expect(opened).toEqual([])
  expect(traces.depth()).toBeUndefined()
  expect(traces.start(undefined, undefined)).toBeUndefined()
  expect(traces.start('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', undefined)?.traceId).toMatch(/^4bf9/)
})

test('providers are called as OpenTelemetry calls them, at the addresses of their endpoints', async () => {
  const { sent, openYaml } = world()
  const { traces, leases } = await openYaml(
    [
      'telemetry: { traces: { otlp: "http://collector:4318" } }',
      'providers:',
      '  xai: { keys: [ { secret: env:OPENAI_API_KEY } ] }',
      '  mine: { kind: openai-compatible, baseUrl: "https://[2001:db8::1]:8443/v1", private: true }',
      'models: { m: { endpoints: [ { name: e, provider: xai, url: "https://eu.example.com/v1", model: g } ] } }',
    ].join('\n'),
  )
  const trace = traces.start(undefined, undefined)
  const attempt = { model: 'g', outcome: 'answered', startedMs: 0, durationMs: 1 } as const
  const attempts = ['xai', 'm/e', 'mine'].map((endpoint) => ({ ...attempt, endpoint, provider: endpoint }))
  if (trace) traces.record(exchangeOf(), trace, { ...settlement, attempts }, summary({ attempts }))
  await leases.release()
  const body = String(sent[0]?.body)
  const place =
    /"gen_ai.provider.name",.*?"([^"]+)"}},{"key":"server.address",.*?"([^"]+)"}},{"key":"server.port",.*?"(\d+)"/g
  const told = [...body.matchAll(place)].map(([, provider, address, port]) => `${provider} ${address} ${port}`)
  expect(told).toEqual(['x_ai api.x.ai 443', 'x_ai eu.example.com 443', 'mine 2001:db8::1 8443'])
})
