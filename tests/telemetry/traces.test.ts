// Spans as a strict receiver takes them: each way in which a request can go, with the parent that its caller named.
import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatBody, eventually, logLines, metricsOf, paths, post, type Told } from '../faults/asking.ts'
import { type OtlpReceiver, startOtlpReceiver, type TakenSpan } from '../kit/otlp-receiver.ts'
import { type Simulated, startSimulated } from '../kit/simulated.ts'
import { needs } from '../require.ts'

const prompt = 'canary-words-of-a-prompt-0f1e2d3c'
const secret = 'otlp-token-0123456789abcdef'

let receiver: OtlpReceiver
let simulated: Simulated

async function start(traces: string): Promise<void> {
  receiver = await startOtlpReceiver()
  const base = `otlp: "${receiver.url}", interval: 20ms`
  simulated = await startSimulated({
    yaml: [
      'models:',
      '  both:',
      '    endpoints: [ { name: first, provider: openai, model: gpt-4o } ]',
      '    fallbacks: [ anthropic/claude-x ]',
      '    health: { probe: none }',
      'cache: { enabled: true }',
      `telemetry: { traces: { ${base}${traces} } }`,
    ].join('\n'),
    env: { OTLP_TOKEN: secret },
  })
}

async function stop(): Promise<void> {
  await simulated.stop()
  await receiver.stop()
}

const ask = (
  model: string,
  more: Readonly<Record<string, unknown>> = {},
  headers: Record<string, string> = {},
): Promise<Told> =>
  post(
    simulated.service.url,
    paths.openai,
    chatBody(model, `${prompt} ${randomBytes(4).toString('hex')}`, more),
    headers,
  )

const idOf = ({ headers }: Told): string => headers.get('x-request-id') ?? ''
/** The log is written a moment after the answer. */
async function lineOf(answer: Told): Promise<Readonly<Record<string, unknown>> | undefined> {
  const find = () => logLines(simulated.service).find((line) => line['request_id'] === idOf(answer))
  await eventually(() => find() !== undefined, 'the log line')
  return find()
}

const spansOf = (answer: Told) => receiver.exchange(idOf(answer))
const idIn = ({ text }: Told): unknown => (JSON.parse(text) as { readonly id?: unknown }).id
const durationNano = ({ startNano, endNano }: TakenSpan): bigint => BigInt(endNano) - BigInt(startNano)

needs('otlp-receiver')('spans at a strict receiver', () => {
  beforeAll(() =>
    start(
      ', headers: { authorization: "Bearer ${OTLP_TOKEN}", x-tenant: search }, resource: { service.name: gateway, deployment.environment.name: test }',
    ),
  )
  afterAll(stop)

  test('an answer has a server span and under it the span of its one attempt', async () => {
    simulated.openai.enqueue({
      kind: 'answer',
      text: 'six',
      usage: { inputTokens: 10, cacheReadTokens: 4, outputTokens: 3, reasoningTokens: 2 },
    })
    const answer = await ask('openai/gpt-4o')
    const { server, attempts } = await spansOf(answer)
    expect(server).toMatchObject({
      name: 'POST /v1/chat/completions',
      kind: 'SPAN_KIND_SERVER',
      status: 'STATUS_CODE_UNSET',
    })
    expect(server.parentId).toBeUndefined()
    expect(server.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'url.path': '/v1/chat/completions',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'openai/gpt-4o',
      'ai_service.outcome': 'completed',
      'ai_service.attempts': 1,
      'ai_service.lane': 'splice',
      'ai_service.endpoint': 'openai',
      'ai_service.cache': 'miss',
    })
    expect(attempts).toHaveLength(1)
    expect(attempts[0]).toMatchObject({
      name: 'chat gpt-4o',
      kind: 'SPAN_KIND_CLIENT',
      status: 'STATUS_CODE_UNSET',
      traceId: server.traceId,
    })
    expect(attempts[0]?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 14,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.reasoning.output_tokens': 2,
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(simulated.openai.url).port),
    })
    expect(attempts[0]?.attributes['gen_ai.response.id']).toBe(idIn(answer))
    expect(server.resource).toMatchObject({ 'service.name': 'gateway', 'deployment.environment.name': 'test' })
  })

  test('a stream lasts to its last byte, and says when its first came', async () => {
    simulated.openai.enqueue({ kind: 'answer', text: 'a b c d e f', intervalMs: 30 })
    const { server, attempts } = await spansOf(await ask('openai/gpt-4o', { stream: true }))
    const [attempt] = attempts
    expect(attempt?.attributes).toMatchObject({ 'gen_ai.request.stream': true })
    expect(attempt?.endNano).toBe(server.endNano)
    const first = Number(attempt?.attributes['gen_ai.response.time_to_first_chunk'])
    expect(first).toBeGreaterThan(0)
    // Six words thirty milliseconds apart: most of the time is behind the first.
    expect(Number(attempt && durationNano(attempt)) / 1e9 - first).toBeGreaterThan(0.1)
  })

  test('a failover is two attempts, the first of them with its error', async () => {
    simulated.openai.enqueue({ kind: 'status', status: 529 })
    const answer = await ask('both')
    const { server, attempts } = await spansOf(answer)
    expect(server).toMatchObject({
      status: 'STATUS_CODE_UNSET',
      attributes: { 'ai_service.attempts': 2, 'gen_ai.request.model': 'both', 'ai_service.lane': 'translate' },
    })
    const [first, second] = attempts
    expect(first).toMatchObject({
      name: 'chat gpt-4o',
      status: 'STATUS_CODE_ERROR',
      attributes: { 'error.type': 'overloaded', 'http.response.status_code': 529, 'ai_service.endpoint': 'both/first' },
    })
    expect(second).toMatchObject({
      name: 'chat claude-x',
      status: 'STATUS_CODE_UNSET',
      attributes: {
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.response.model': 'claude-x',
        'gen_ai.response.finish_reasons': ['end_turn'],
        'http.request.resend_count': 1,
      },
    })
    expect(BigInt(second?.startNano ?? 0)).toBeGreaterThanOrEqual(BigInt(first?.endNano ?? 0))
    expect(first?.attributes['gen_ai.usage.input_tokens']).toBeUndefined()
  })

  test('where everything fails the exchange has failed', async () => {
    simulated.openai.enqueue(
      { kind: 'status', status: 500 },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 500 },
    )
    const { server, attempts } = await spansOf(await ask('openai/gpt-4o'))
    expect(server).toMatchObject({
      status: 'STATUS_CODE_ERROR',
      attributes: { 'http.response.status_code': 502, 'ai_service.outcome': 'failed' },
    })
    expect(server.attributes['error.type']).toMatch(/^provider_/)
    expect(attempts.map(({ status }) => status)).toEqual(Array(3).fill('STATUS_CODE_ERROR'))
  })

  test('a stream that its upstream cuts is an error of the attempt and of the exchange', async () => {
    simulated.openai.enqueue({ kind: 'cut', afterEvents: 4 })
    const { server, attempts } = await spansOf(await ask('openai/gpt-4o', { stream: true }))
    expect(server).toMatchObject({
      status: 'STATUS_CODE_ERROR',
      attributes: {
        'ai_service.outcome': 'truncated',
        'error.type': 'provider_truncated',
        'http.response.status_code': 200,
      },
    })
    expect(attempts[0]).toMatchObject({
      status: 'STATUS_CODE_ERROR',
      attributes: { 'error.type': 'provider_truncated', 'gen_ai.response.finish_reasons': ['error'] },
    })
  })

  test.each([false, true])('a client that leaves is nobody’s error (stream: %s)', async (stream) => {
    simulated.openai.enqueue({ kind: 'answer', ...(stream ? { intervalMs: 200 } : { firstByteMs: 60_000 }) })
    const { length } = simulated.openai.requests
    const request = httpRequest(`${simulated.service.url}${paths.openai}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    request.on('error', () => undefined)
    request.end(chatBody('openai/gone', `a b c d e f g h i j ${stream}`, { stream }))
    if (stream) await new Promise((resolve) => request.once('response', (response) => response.once('data', resolve)))
    else await eventually(() => simulated.openai.requests.length > length, 'the upstream is asked')
    request.destroy()
    const isIt = ({ attributes }: TakenSpan): boolean =>
      attributes['ai_service.outcome'] === 'cancelled' && (attributes['gen_ai.request.stream'] ?? false) === stream
    await eventually(() => receiver.spans().some(isIt), 'the spans')
    const server = receiver.spans().find(isIt)
    const attempts = (): TakenSpan[] => receiver.spans().filter(({ parentId }) => parentId === server?.spanId)
    await eventually(() => attempts().length === 1, 'the span of the attempt')
    const [attempt] = attempts()
    for (const span of [server, attempt]) {
      expect(span?.status).toBe('STATUS_CODE_UNSET')
      expect(span?.attributes['error.type']).toBeUndefined()
    }
    expect(server?.attributes['http.response.status_code']).toBeUndefined()
  })

  test('what we refuse has a span and no attempt, and is no failure of ours', async () => {
    const { server, attempts } = await spansOf(await ask('no-such-model'))
    expect(attempts).toEqual([])
    expect(server).toMatchObject({
      status: 'STATUS_CODE_UNSET',
      attributes: {
        'error.type': 'caller_model_not_found',
        'http.response.status_code': 404,
        'ai_service.outcome': 'refused',
        'ai_service.attempts': 0,
      },
    })
  })

  test('an answer of the cache has no attempt, and tokens are counted once', async () => {
    const body = chatBody('openai/gpt-4o', 'asked twice')
    await post(simulated.service.url, paths.openai, body)
    const { server, attempts } = await spansOf(await post(simulated.service.url, paths.openai, body))
    expect(server.attributes).toMatchObject({
      'ai_service.cache': 'hit',
      'ai_service.attempts': 0,
      'http.response.status_code': 200,
    })
    expect(attempts).toEqual([])
    for (const span of receiver.spans())
      if (span.kind === 'SPAN_KIND_SERVER') expect(span.attributes['gen_ai.usage.input_tokens']).toBeUndefined()
  })

  test.each([
    ['/v1/completions', { model: 'openai/instruct', prompt: 'x' }, 'text_completion instruct'],
    ['/v1/embeddings', { model: 'openai/embed', input: 'x' }, 'embeddings embed'],
    [
      '/v1/messages/count_tokens',
      { model: 'anthropic/claude-x', messages: [{ role: 'user', content: 'x' }] },
      'count_tokens claude-x',
    ],
    [
      '/v1/messages',
      { model: 'openai/gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'x' }] },
      'chat gpt-4o',
    ],
  ])('%s', async (path, body, name) => {
    const { server, attempts } = await spansOf(await post(simulated.service.url, path, JSON.stringify(body)))
    expect([server.name, attempts[0]?.name]).toEqual([`POST ${path}`, name])
  })

  describe('trace context', () => {
    const [traceId, parentId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'] as const
    const traceparent = `00-${traceId}-${parentId}-01`

    test('a caller’s trace goes on here and at the provider, with our spans between', async () => {
      const answer = await ask('openai/gpt-4o', {}, { traceparent, tracestate: 'vendor=1, other=2' })
      const { server, attempts } = await spansOf(answer)
      expect(server).toMatchObject({ traceId, parentId, traceState: 'vendor=1,other=2', flags: 0x301 })
      const [attempt] = attempts
      const headers = simulated.openai.requests.at(-1)?.headers
      expect(headers?.['traceparent']).toBe(`00-${traceId}-${attempt?.spanId}-01`)
      expect(headers?.['tracestate']).toBe('vendor=1,other=2')
      expect(await lineOf(answer)).toMatchObject({ trace_id: traceId, span_id: server.spanId })
    })

    test('each attempt is told by its own span', async () => {
      simulated.openai.enqueue({ kind: 'status', status: 529 })
      const { attempts } = await spansOf(await ask('both', {}, { traceparent }))
      const told = [simulated.openai, simulated.anthropic].map(
        ({ requests }) => requests.at(-1)?.headers['traceparent'],
      )
      expect(told).toEqual(attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`))
    })

    test.each([
      ['a malformed one', { traceparent: 'nonsense', tracestate: 'vendor=1' }],
      ['one of zeros', { traceparent: `00-${'0'.repeat(32)}-${parentId}-01` }],
      ['no traceparent', { tracestate: 'vendor=1' }],
    ])('%s is ignored: a trace begins here', async (_, headers) => {
      const answer = await ask('openai/gpt-4o', {}, headers)
      expect(answer.status).toBe(200)
      const { server } = await spansOf(answer)
      expect([server.parentId, server.traceState, server.traceId === traceId]).toEqual([undefined, undefined, false])
    })

    test('what its caller does not record is not recorded here, and the provider is told so', async () => {
      const answer = await ask('openai/gpt-4o', {}, { traceparent: `00-${traceId}-${parentId}-00` })
      expect(simulated.openai.requests.at(-1)?.headers['traceparent']).toMatch(/^00-4bf9[\da-f]{28}-[\da-f]{16}-00$/)
      // A later one has come: this one would have come before it.
      await spansOf(await ask('openai/gpt-4o'))
      expect(receiver.spans().some(({ attributes }) => attributes['ai_service.request_id'] === idOf(answer))).toBe(
        false,
      )
    })
  })

  test('nothing that was sent is refused, and every span is counted', async () => {
    expect(receiver.refusals()).toEqual([])
    await eventually(
      async () =>
        (await metricsOf(simulated.service)).includes(
          `ai_trace_spans_total{outcome="exported"} ${receiver.spans().length}\n`,
        ),
      'the count of spans',
    )
    const metrics = await metricsOf(simulated.service)
    expect(metrics).toContain('ai_telemetry_dropped_total{signal="traces"} 0')
    expect(metrics).toContain('ai_queue_depth{queue="traces"} 0')
  })

  test('T17 T18 no prompt, no answer, no user and no secret is in a span', async () => {
    await spansOf(await ask('openai/gpt-4o', {}, { 'x-ai-user': 'user-canary-1', 'x-ai-tags': 'note=tag-canary-2' }))
    await spansOf(
      await ask(
        'sk-test-openai-0123456789',
        {},
        {
          traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`,
          tracestate: 'vendor=sk-test-openai-0123456789',
        },
      ),
    )
    const all = JSON.stringify(receiver.spans())
    for (const canary of [
      prompt,
      'user-canary-1',
      'tag-canary-2',
      secret,
      'sk-test-openai-0123456789',
      'sk-ant-test-0123456789',
    ])
      expect(all).not.toContain(canary)
  })
})

needs('otlp-receiver')('a share of traces', () => {
  beforeAll(() => start(', sample: 0, compression: gzip'))
  afterAll(stop)

  test('of none that begin here, those that a caller records are recorded, and all are logged by name', async () => {
    const own = await ask('openai/gpt-4o')
    const { server } = await spansOf(
      await ask('openai/gpt-4o', {}, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }),
    )
    expect(server.attributes['ai_service.attempts']).toBe(1)
    expect(receiver.spans()).toHaveLength(2)
    expect(receiver.refusals()).toEqual([])
    expect((await lineOf(own))?.['trace_id']).toMatch(/^[\da-f]{32}$/)
  })
})
