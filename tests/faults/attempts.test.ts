// Keys, targets and repeats under failure: how often the upstream is asked, with which key, and what the client is told.
import { afterEach, describe, expect, test } from 'vitest'
import { type Behaviour, type Simulator, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from '../kit/service.ts'
import { chatBody, isRecord, looksComplete, paths, post } from './asking.ts'

const chat = paths.openai
let open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const { stop } of open) await stop()
  open = []
})

const keys = ['key-one-0123456789', 'key-two-0123456789', 'key-three-012345678'] as const

interface Setup {
  readonly keys?: number
  /** Further lines of the first provider's key list, in order: weights. */
  readonly weights?: readonly number[]
  readonly server?: string
  readonly yaml?: string
}

async function start(
  setup: Setup = {},
): Promise<{ service: RunningService; one: Simulator; two: Simulator; asked: () => string[] }> {
  const [one, two] = [await startSimulator(), await startSimulator()]
  open.push({ stop: () => one.close() }, { stop: () => two.close() })
  const list = keys
    .slice(0, setup.keys ?? 1)
    .map((_, at) => `{ secret: env:KEY_${at}, weight: ${setup.weights?.[at] ?? 1} }`)
  const service = await startService({
    server: setup.server ?? '',
    env: Object.fromEntries([...keys.entries()].map(([at, key]) => [`KEY_${at}`, key])),
    yaml: [
      'providers:',
      `  one: { kind: openai-compatible, baseUrl: "${one.url}/v1", private: true, keys: [ ${list.join(', ')} ] }`,
      `  two: { kind: anthropic, baseUrl: "${two.url}", private: true, keys: [ { secret: env:KEY_0 } ] }`,
      setup.yaml ?? '',
    ].join('\n'),
  })
  open.unshift({ stop: () => service.stop() })
  return {
    service,
    one,
    two,
    asked: () => one.requests.map(({ headers }) => (headers['authorization'] ?? '').slice(7)),
  }
}

const failing: Behaviour = { kind: 'status', status: 500 }

describe('T28 B23 repeats', () => {
  test.each([0, 1, 2, 4])(
    'T28 at most one attempt and %i more under total failure, and SDKs are told not to multiply them',
    async (maxRetries) => {
      const { service, one } = await start({ server: `  maxRetries: ${maxRetries}\n` })
      one.setDefault(failing)
      const answer = await post(service.url, chat, chatBody('one/echo'))
      expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([502, 'false'])
      expect(one.requests).toHaveLength(1 + maxRetries)
    },
  )

  test('T28 under lasting failure repeats dry up: little more than one attempt for each request', async () => {
    const { service, one } = await start()
    one.setDefault(failing)
    for (let at = 0; at < 100; at++) expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(502)
    // Ten in hand and a fifth of traffic.
    expect(one.requests.length).toBeLessThanOrEqual(100 + 10 + 20 + 1)
  })

  test('T28 over targets and keys together the attempts stay within the bound', async () => {
    const { service, one, two } = await start({
      keys: 3,
      yaml: 'models:\n  prod: { endpoints: [ { provider: one, model: a }, { provider: one, model: b } ], fallbacks: [ one/c, two/d ] }\n',
    })
    one.setDefault(failing)
    two.setDefault(failing)
    expect((await post(service.url, chat, chatBody('prod'))).status).toBe(502)
    expect(one.requests.length + two.requests.length).toBe(3)
  })

  test('T28 a cycle of fallbacks is refused at start', async () => {
    await expect(
      start({
        yaml: 'models:\n  a: { endpoints: [ { provider: one, model: x } ], fallbacks: [ b ] }\n  b: { endpoints: [ { provider: one, model: y } ], fallbacks: [ a ] }\n',
      }),
    ).rejects.toThrow(/circle: a -> b -> a/)
  })

  test('F4 a refused request is not repeated, costs no budget, and passes scrubbed', async () => {
    const { service, one, two } = await start({
      yaml: 'models:\n  prod: { endpoints: [ { provider: one, model: a } ], fallbacks: [ two/d ] }\n',
    })
    one.setDefault({
      kind: 'status',
      status: 400,
      body: { error: { message: `bad field, key ${keys[0]}`, type: 'invalid_request_error', param: 'messages' } },
    })
    const answer = await post(service.url, chat, chatBody('prod'))
    expect([answer.status, one.requests.length, two.requests.length]).toEqual([400, 1, 0])
    expect(answer.error.message).toContain('bad field')
    expect(answer.text).not.toContain(keys[0])
  })
})

describe('F3 keys', () => {
  test.each([401, 403])(
    'F3 %i on the first key: the second is used, the first never again, and the client sees neither',
    async (status) => {
      const { service, one, asked } = await start({ keys: 2 })
      one.enqueue({ kind: 'status', status })
      const answer = await post(service.url, chat, chatBody('one/echo', 'hello keys'))
      expect([answer.status, answer.headers.get('x-ai-attempts')]).toEqual([200, '2'])
      for (let at = 0; at < 6; at++) await post(service.url, chat, chatBody('one/echo'))
      const [refused, ...rest] = asked()
      expect(new Set(rest)).toEqual(new Set(keys.slice(0, 2).filter((key) => key !== refused)))
    },
  )

  test('F3 all keys refused is 502, never 401, whatever maxRetries says', async () => {
    const { service, one, asked } = await start({ keys: 3, server: '  maxRetries: 0\n' })
    one.setDefault({ kind: 'status', status: 401 })
    const answer = await post(service.url, chat, chatBody('one/echo'))
    expect([answer.status, answer.error.code]).toEqual([502, 'provider_key_refused'])
    expect(new Set(asked())).toEqual(new Set(keys))
    expect(asked()).toHaveLength(3)
    const again = await post(service.url, chat, chatBody('one/echo'))
    expect([again.status, asked().length]).toEqual([502, 3])
  })

  test('F2 all keys cooling: 429 with the smallest wait of them, though the last refusal said more', async () => {
    const { service, one, asked } = await start({ keys: 3 })
    const limited = (seconds: number): Behaviour => ({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': String(seconds) },
    })
    one.enqueue(limited(40), limited(9), limited(60))
    const first = await post(service.url, chat, chatBody('one/echo'))
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '9'])
    expect(new Set(asked()).size).toBe(3)
    const second = await post(service.url, chat, chatBody('one/echo'))
    expect(second.status).toBe(429)
    expect(Number(second.headers.get('retry-after'))).toBeLessThanOrEqual(9)
    expect(asked()).toHaveLength(3)
  })

  test('F2 a key that cools since an earlier request counts for the wait of a later one', async () => {
    const { service, one } = await start({ keys: 2 })
    one.enqueue({ kind: 'status', status: 429, headers: { 'retry-after': '5' } })
    expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(200)
    one.enqueue({ kind: 'status', status: 429, headers: { 'retry-after': '600' } })
    const answer = await post(service.url, chat, chatBody('one/echo'))
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(5)
  })

  test('F2 a cooled key is used again when its time has come', async () => {
    const { service, one } = await start()
    one.enqueue({ kind: 'status', status: 429, headers: { 'retry-after-ms': '300' } })
    expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(429)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(200)
  })

  test('F2 quota that is used up takes a key out for good', async () => {
    const { service, one, asked } = await start({ keys: 2 })
    one.enqueue({
      kind: 'status',
      status: 429,
      body: { error: { message: 'no money', type: 'insufficient_quota', code: 'insufficient_quota' } },
    })
    expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(200)
    for (let at = 0; at < 4; at++) await post(service.url, chat, chatBody('one/echo'))
    const [spent, ...rest] = asked()
    expect(rest).not.toContain(spent)
  })

  test.each([[[1, 1]], [[50, 1]]])(
    'B2 the same key is not asked twice in an exchange while another is usable, weights %j',
    async (weights) => {
      const { service, one, asked } = await start({ keys: 2, weights })
      for (let at = 0; at < 4; at++) {
        const before = asked().length
        one.enqueue({ kind: 'status', status: 503 })
        expect((await post(service.url, chat, chatBody('one/echo'))).status).toBe(200)
        expect(new Set(asked().slice(before)).size).toBe(2)
      }
    },
  )
})

describe('B2 fallbacks', () => {
  const yaml = 'models:\n  prod: { endpoints: [ { name: east, provider: one, model: a } ], fallbacks: [ two/echo ] }\n'
  test.each([
    ['500', { kind: 'status', status: 500 }],
    ['404', { kind: 'status', status: 404 }],
    ['409', { kind: 'status', status: 409 }],
    ['429', { kind: 'status', status: 429 }],
    ['401', { kind: 'status', status: 401 }],
    ['529', { kind: 'status', status: 529 }],
    ['a reset', { kind: 'reset', at: 'head' }],
    ['garbage', { kind: 'garbage' }],
    ['a redirect', { kind: 'redirect', status: 302, location: 'http://127.0.0.1:1/' }],
  ] as const)(
    'B2 %s falls over to an alias of another dialect, body and all, streaming and not',
    async (_name, behaviour) => {
      for (const stream of [false, true]) {
        const { service, one, two } = await start({ yaml })
        one.setDefault(behaviour)
        const answer = await post(service.url, chat, chatBody('prod', 'carried over', { stream }))
        expect(answer.status, answer.text).toBe(200)
        expect([
          answer.headers.get('x-ai-endpoint'),
          answer.headers.get('x-ai-lane'),
          answer.headers.get('x-ai-attempts'),
        ]).toEqual(['two', 'translate', '2'])
        expect(answer.text).toContain('carried')
        if (stream) expect(looksComplete(answer.text)).toBe(true)
        const sent: unknown = JSON.parse(two.requests[0]?.body.toString() ?? '')
        expect(isRecord(sent) && sent['model']).toBe('echo')
      }
    },
  )

  test('F16 with all providers away the failure is quick to see, and liveness and readiness stay green', async () => {
    const { service, one, two } = await start({ yaml })
    await one.close()
    await two.close()
    const answer = await post(service.url, chat, chatBody('prod'))
    expect([answer.status, answer.error.code]).toEqual([502, 'provider_unreachable'])
    for (const path of ['/health/live', '/health/ready'])
      expect((await fetch(`${service.url}${path}`)).status).toBe(200)
    open = open.slice(0, 1)
  })
})
