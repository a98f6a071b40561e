// The receiver that judges our traces refuses what OTLP does not allow: a judge that takes everything proves nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OtlpReceiver, startOtlpReceiver } from '../kit/otlp-receiver.ts'
import { needs } from '../require.ts'

const now = (): string => `${Date.now()}000000`
const span = (changes: Readonly<Record<string, unknown>> = {}) => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  name: 'POST /',
  kind: 2,
  flags: 0x101,
  startTimeUnixNano: now(),
  endTimeUnixNano: now(),
  attributes: [{ key: 'a', value: { intValue: '1' } }],
  status: {},
  ...changes,
})
const text = (key: string) => ({ key, value: { stringValue: 'x' } })
const resource = {
  attributes: ['service.name', 'service.version', 'service.instance.id', 'telemetry.sdk.language'].map(text),
}
const scope = { name: 's', version: '1' }
const bodyOf = (...spans: readonly object[]) => ({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] })

needs('otlp-receiver')('the strict receiver', () => {
  let receiver: OtlpReceiver
  beforeAll(async () => {
    receiver = await startOtlpReceiver()
  })
  afterAll(() => receiver.stop())
  const send = async (body: unknown, type = 'application/json'): Promise<number> => {
    const options = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) }
    return (await fetch(`${receiver.url}/v1/traces`, options)).status
  }

  test('takes what is as it should be, once', async () => {
    expect([await send(bodyOf(span())), await send(bodyOf(span()))]).toEqual([200, 400])
  })

  test.each<[string, unknown]>([
    ['an id in base64', bodyOf(span({ traceId: 'S/kvNXezTaajzpKdDg5HNg==' }))],
    ['a short id', bodyOf(span({ spanId: '00f067aa' }))],
    ['an id of zeros', bodyOf(span({ spanId: '0'.repeat(16) }))],
    ['a kind by its name', bodyOf(span({ kind: 'SPAN_KIND_SERVER' }))],
    ['no kind', bodyOf(span({ kind: 0 }))],
    ['an integer that is a number', bodyOf(span({ attributes: [{ key: 'a', value: { intValue: 1 } }] }))],
    ['a time that is a number', bodyOf(span({ endTimeUnixNano: 1.7e18 }))],
    ['a field that there is not', bodyOf(span({ duration: '1' }))],
    ['a field in snake case', bodyOf({ ...span(), parent_span_id: 'a'.repeat(16) })],
    ['an attribute twice', bodyOf(span({ attributes: [text('a'), text('a')] }))],
    ['an attribute without a value', bodyOf(span({ attributes: [{ key: 'a', value: {} }] }))],
    ['an end before the start', bodyOf(span({ startTimeUnixNano: now(), endTimeUnixNano: '1700000000000000000' }))],
    ['a time in seconds', bodyOf(span({ startTimeUnixNano: '1700000000', endTimeUnixNano: '1700000000' }))],
    ['a parent that never came', bodyOf(span({ parentSpanId: 'a'.repeat(16) }))],
    ['a parent elsewhere that is none', bodyOf(span({ flags: 0x301 }))],
    ['a span that was not sampled', bodyOf(span({ flags: 0x100 }))],
    ['a message of what is no error', bodyOf(span({ status: { message: 'fine' } }))],
    ['no service', { resourceSpans: [{ scopeSpans: [{ scope, spans: [span()] }] }] }],
    ['no scope', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span()] }] }] }],
    [
      'a child that outlives its parent',
      bodyOf(
        span({ spanId: 'b'.repeat(16) }),
        span({ spanId: 'c'.repeat(16), parentSpanId: 'b'.repeat(16), endTimeUnixNano: `${Date.now() + 500}000000` }),
      ),
    ],
  ])('refuses %s', async (_, body) => {
    expect(await send(body)).toBe(400)
  })

  test('refuses another content type', async () => {
    expect(await send(bodyOf(span({ spanId: 'd'.repeat(16) })), 'text/plain')).toBe(400)
  })
})
