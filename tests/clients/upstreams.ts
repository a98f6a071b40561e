// The service in front of upstreams that speak both dialects: our simulator, and aimock, which nobody here wrote.
import { LLMock } from '@copilotkit/aimock'
import { type Behaviour, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from '../kit/service.ts'

export type UpstreamKind = 'simulator' | 'aimock'
export const upstreamKinds: readonly UpstreamKind[] = ['simulator', 'aimock']

/** A request as it came upstream. */
export interface Came {
  readonly path: string
  readonly body: string
  /** When its client left before the answer was whole; aimock cannot tell. */
  readonly leftAtMs: number | undefined
}

export interface Upstream {
  /** Origin, without a path. */
  readonly url: string
  /** Requests that spend, oldest first. */
  came(): readonly Came[]
  /** The next request fails with this status. */
  failNext(status: number): void
  /** The next request, which says `stall`, is answered so slowly that its client loses patience. */
  stallNext(): void
  /** The next stream, asked for with `drip`, says one word in 50 ms, for half a minute. */
  dripNext(): void
  stop(): Promise<void>
}

export interface InFront {
  readonly service: RunningService
  readonly upstream: Upstream
  /** Scripts that only the simulator knows; undefined before aimock. */
  readonly enqueue: ((behaviour: Behaviour) => void) | undefined
  stop(): Promise<void>
}

/** A provider's name for each upstream dialect; `spare` ones lose their keys in tests of errors. */
const providers: readonly (readonly [name: string, kind: 'openai' | 'anthropic'])[] = [
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ...[401, 403, 429].flatMap((status) =>
    (['openai', 'anthropic'] as const).flatMap((kind) =>
      ['openai', 'anthropic'].map((client) => [`spare-${status}-${client}-${kind}`, kind] as const),
    ),
  ),
]

export async function startInFront(kind: UpstreamKind): Promise<InFront> {
  const { upstream, enqueue } = kind === 'simulator' ? await startSimulated() : await startAimock()
  const lines = providers.map(([name, form]) => {
    const baseUrl = form === 'openai' ? `${upstream.url}/v1` : upstream.url
    return `  ${name}: { kind: ${form}, baseUrl: ${baseUrl}, private: true, keys: [ { secret: env:TEST_KEY } ] }`
  })
  const service = await startService({
    yaml: `providers:\n${lines.join('\n')}`,
    env: { TEST_KEY: 'test-key-0123456789' },
  })
  return {
    service,
    upstream,
    enqueue,
    async stop() {
      await service.stop()
      await upstream.stop()
    },
  }
}

const words = Array.from({ length: 600 }, (_, index) => `word${index}`).join(' ')

async function startSimulated() {
  const simulator = await startSimulator()
  const upstream: Upstream = {
    url: simulator.url,
    came: () =>
      simulator.requests.map(({ path, body, abortedAtMs }) => ({
        path,
        body: body.toString('utf8'),
        leftAtMs: abortedAtMs,
      })),
    failNext: (status) => simulator.enqueue({ kind: 'status', status }),
    stallNext: () => simulator.enqueue({ kind: 'delay', ms: 60_000 }),
    dripNext: () => simulator.enqueue({ kind: 'answer', text: words, intervalMs: 50 }),
    stop: () => simulator.close(),
  }
  return { upstream, enqueue: (behaviour: Behaviour) => simulator.enqueue(behaviour) }
}

/** Answers what the simulator would: echo, named calls, results of tools. */
async function startAimock() {
  // The simulator's count of the words, so that both upstreams are asked the same question.
  const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 }
  const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4 })
  mock.on({ hasToolResult: true }, { content: 'sunny 21', usage })
  mock.onMessage(/^call get_weather/, {
    toolCalls: [
      { id: 'call_one', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { id: 'call_two', name: 'get_weather', arguments: '{"city":"Rome"}' },
    ],
  })
  mock.onMessage('ping pong', { content: 'ping pong', usage })
  mock.onMessage('look at this', { content: 'look at this [image image/png 70 bytes]', usage })
  // Its latency is for streams only, so a whole answer waits for the end of the test.
  const over = Promise.withResolvers<void>()
  mock.onMessage('stall', () => over.promise.then(() => ({ content: words })))
  mock.onMessage('drip', { content: words, usage }, { latency: 50 })
  await mock.start()
  const upstream: Upstream = {
    url: mock.url,
    came: () => mock.getRequests().map(({ path, body }) => ({ path, body: JSON.stringify(body), leftAtMs: undefined })),
    failNext: (status) => mock.nextRequestError(status, { message: `asked for ${status}`, type: 'test' }),
    stallNext() {},
    dripNext() {},
    async stop() {
      over.resolve()
      await mock.stop()
    },
  }
  return { upstream, enqueue: undefined }
}
