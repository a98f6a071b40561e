// Traces follow the configuration of a running service: on, elsewhere, fewer, off, without a request or a span lost.
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, eventually, metricsOf, paths, post } from '../faults/asking.ts'
import { reloadAfter, replaceConfig } from '../kit/live-config.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../kit/otlp-receiver.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { needs } from '../require.ts'

needs('otlp-receiver')('traces of a running service', () => {
  let upstream: Simulator
  let service: RunningService
  let first: OtlpReceiver
  let second: OtlpReceiver
  const yaml = (traces: string): string =>
    `providers:\n  one: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true }\n${traces}`
  const telemetry = (otlp: string, more = ''): string => `telemetry: { traces: { otlp: "${otlp}"${more} } }`
  beforeAll(async () => {
    upstream = await startSimulator()
    first = await startOtlpReceiver()
    second = await startOtlpReceiver()
    service = await startService({ yaml: yaml('') })
  })
  afterAll(async () => {
    await service.stop()
    for (const one of [first, second]) await one.stop()
    await upstream.close()
  })

  async function take(traces: string): Promise<void> {
    const line = await reloadAfter(service, () => replaceConfig(service, yaml(traces)))
    expect(line['message']).toBe('another configuration was taken over')
  }

  async function ask(times: number): Promise<string[]> {
    const versions: string[] = []
    for (let at = 0; at < times; at++) {
      const { status, headers } = await post(service.url, paths.openai, chatBody('one/echo'))
      expect(status).toBe(200)
      versions.push(headers.get('x-request-id') ?? '')
    }
    return versions
  }

  test('are switched on, led elsewhere, taken less of and switched off', async () => {
    await ask(2)
    // An hour: what waits here is sent because its queue is closed, not because its time has come.
    await take(telemetry(first.url, ', interval: 1h'))
    const atFirst = await ask(3)
    await take(telemetry(second.url, ', interval: 20ms'))
    for (const id of atFirst) await first.exchange(id)
    for (const id of await ask(2)) await second.exchange(id)
    await take(telemetry(second.url, ', interval: 20ms, sample: 0'))
    await ask(2)
    await take('')
    await ask(2)
    await eventually(
      async () => (await metricsOf(service)).includes('ai_trace_spans_total{outcome="exported"} 10'),
      'all',
    )
    expect(await metricsOf(service)).not.toContain('queue="traces"')
    expect([first.spans().length, second.spans().length]).toEqual([6, 4])
    const versions = new Set(
      [...first.spans(), ...second.spans()].map(({ attributes }) => attributes['ai_service.config_version']),
    )
    expect([...versions].filter((version) => version !== undefined)).toHaveLength(2)
    expect([...first.refusals(), ...second.refusals()]).toEqual([])
  })
})
