// Key rotation with hooks: a new value joins, proves itself, the old one drains and leaves; no request is lost.
import { createHmac } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AiClient, type KeyEvent, KeyRing, Message, Provider, Secret } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, logLines, metricsOf, paths, post } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'

const ping = { model: 'echo', messages: [Message.user('ping')] }
const rotations = process.env['LONG'] ? 100 : 10
const ratePerSecond = 300
/** A machine that cannot keep the rate is asked more slowly: what is shown here is not its speed. */
const mostUnderWay = 100

/** The keys that the provider takes at present: the test is the provider's console. */
let accepted: string[] = []
let upstream: Simulator
let folder = ''
const closers: (() => Promise<void> | void)[] = []
beforeEach(async () => {
  accepted = []
  upstream = await startSimulator({ keys: accepted, record: 50 })
  folder = mkdtempSync(join(tmpdir(), 'rotation-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

const accept = (...keys: readonly string[]): void => void accepted.splice(0, accepted.length, ...keys)
const keyName = (index: number): string => `sk-rotated-${String(index).padStart(4, '0')}-0123456789`
const fingerprintOf = (value: string): string => new Secret(value).fingerprint

/** Asks at a steady rate until it is stopped; how many answers came, and every failure. */
function load(request: () => Promise<void>) {
  const under = new Set<Promise<void>>()
  const failures: string[] = []
  let sent = 0
  const startedMs = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * ratePerSecond)
    for (; sent < due && under.size < mostUnderWay; sent++) {
      const one = request()
        .catch((error: unknown) => void failures.push(String(error)))
        .finally(() => under.delete(one))
      under.add(one)
    }
  }, 5)
  return {
    async stop() {
      clearInterval(timer)
      const seconds = (performance.now() - startedMs) / 1_000
      await Promise.all(under)
      if (process.env['LONG'])
        process.stdout.write(`${sent} requests, ${Math.round(sent / seconds)} a second, ${failures.length} failed\n`)
      return { sent, failures: failures.slice(0, 10) }
    },
  }
}

/** Replaces a file as tools do that care: whoever reads sees the old text or the new one. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

async function serve(keys: string, more = '', env: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const service = await startService({
    yaml: `providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, keys: ${keys} } }\n${more}\n`,
    env,
  })
  closers.push(() => service.stop())
  return service
}

const ask = (service: RunningService) => post(service.url, paths.openai, chatBody('openai/echo'))

async function mustAnswer(service: RunningService): Promise<void> {
  const { status, text } = await ask(service)
  if (status !== 200) throw new Error(`${status} ${text}`)
}

describe('no request is lost', () => {
  test(`F45 the service: ${rotations} rotations under ${ratePerSecond} requests a second, each old key revoked once it has drained`, async () => {
    const file = join(folder, 'key')
    writeFileSync(file, keyName(0))
    accept(keyName(0))
    const service = await serve(`[ { name: main, secret: "file:${file}" } ]`)
    const drained = (index: number) => {
      const fingerprint = fingerprintOf(keyName(index))
      return service.output().includes(`"key":"main","key_fingerprint":"${fingerprint}","message":"an old provider key`)
    }
    const running = load(() => mustAnswer(service))
    for (let index = 1; index <= rotations; index++) {
      accept(keyName(index - 1), keyName(index))
      replaceFile(file, keyName(index))
      await eventually(() => drained(index - 1), `key ${index - 1} has drained`)
      accept(keyName(index))
    }
    const { sent, failures } = await running.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(rotations * 5)
    expect(await metricsOf(service)).toContain(
      `ai_key_rotations_total{provider="openai",outcome="rotated"} ${rotations}`,
    )
    expect(service.output()).not.toContain('sk-rotated')
  }, 300_000)

  test(`F45 the service: ${rotations} rotations at which the provider drops the old key at that moment`, async () => {
    const file = join(folder, 'key')
    writeFileSync(file, keyName(0))
    accept(keyName(0))
    const service = await serve(`[ { name: main, secret: "file:${file}" } ]`)
    const running = load(() => mustAnswer(service))
    for (let index = 1; index <= rotations; index++) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      replaceFile(file, keyName(index))
      accept(keyName(index))
      await eventually(
        () => service.output().includes(`"key_fingerprint":"${fingerprintOf(keyName(index))}","previous_fingerprint"`),
        `key ${index} has taken over`,
      )
    }
    const { sent, failures } = await running.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(rotations * 5)
  }, 300_000)

  test(`the library: ${rotations} rotations under ${ratePerSecond} requests a second, streams among them`, async () => {
    accept(keyName(0))
    const rotated: string[] = []
    const drained: string[] = []
    const ring = new KeyRing(keyName(0), {
      onKeyRotated: ({ fingerprint }) => void rotated.push(fingerprint ?? ''),
      onKeyRotation: ({ type, fingerprint }) => void (type === 'key-drained' && drained.push(fingerprint ?? '')),
    })
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: ring, maxRetries: 0 })
    let count = 0
    const running = load(async () => {
      if (count++ % 5 !== 0) return void (await client.chatCompletion(ping))
      let text = ''
      for await (const event of client.chatCompletionStream(ping)) if (event.type === 'part-delta') text += event.text
      if (text !== 'ping') throw new Error(`a stream said ${text}`)
    })
    for (let index = 1; index <= rotations; index++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      accept(keyName(index - 1), keyName(index))
      ring.set('primary', keyName(index))
      await eventually(() => drained.includes(fingerprintOf(keyName(index - 1))), 'the old key has drained')
      accept(keyName(index))
    }
    const { sent, failures } = await running.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(rotations * 5)
    expect(rotated).toEqual(Array.from({ length: rotations }, (_, index) => fingerprintOf(keyName(index + 1))))
    await client.close()
  }, 300_000)
})

describe('hooks of the library', () => {
  test('onKeyQuarantined, onKeyRotated, onKeyRecovered: refused, replaced, back', async () => {
    const told: string[] = []
    const events: KeyEvent[] = []
    accept('sk-old')
    const client = new AiClient(Provider.OpenAI, {
      baseUrl: `${upstream.url}/v1`,
      maxRetries: 0,
      apiKey: { name: 'console', read: () => accepted[0] ?? 'sk-revoked', refreshMs: 0 },
      onKeyQuarantined: ({ key, reason }) => void told.push(`${key} ${reason}`),
      onKeyRotated: ({ previous, fingerprint }) => void told.push(`${previous} to ${fingerprint}`),
      onKeyRecovered: ({ after }) => void told.push(`recovered from ${after}`),
      onKeyRotation: (event) => void events.push(event),
    })
    await client.chatCompletion(ping)
    accept('sk-new')
    // Refused, read anew, and answered: one request, nobody the wiser.
    await client.chatCompletion(ping)
    expect(told).toEqual([
      'primary quarantined',
      `${fingerprintOf('sk-old')} to ${fingerprintOf('sk-new')}`,
      'recovered from quarantined',
    ])
    expect(events.map(({ type }) => type)).toEqual([
      'key-out',
      'key-joined',
      'key-rotated',
      'key-recovered',
      'key-drained',
    ])
    await client.close()
  })

  test('weights share the requests; 429 rests a key for as long as the provider says, and it recovers', async () => {
    accept('sk-a', 'sk-b')
    const recovered: string[] = []
    const ring = new KeyRing(
      [
        { name: 'a', secret: 'sk-a', weight: 3 },
        { name: 'b', secret: 'sk-b', weight: 1 },
      ],
      { onKeyRecovered: ({ key, after }) => void recovered.push(`${key} ${after}`) },
    )
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: ring, maxRetries: 0 })
    const used = () => upstream.requests.map(({ headers }) => headers['authorization'])
    for (let request = 0; request < 20; request++) await client.chatCompletion(ping)
    expect(used().filter((key) => key === 'Bearer sk-a')).toHaveLength(15)
    upstream.enqueue({ kind: 'status', status: 429, headers: { 'retry-after-ms': '300' } })
    await client.chatCompletion(ping)
    const [resting, serving] = used().slice(-2)
    await Promise.all(Array.from({ length: 4 }, () => client.chatCompletion(ping)))
    expect(used().slice(-4)).toEqual([serving, serving, serving, serving])
    await new Promise((resolve) => setTimeout(resolve, 350))
    for (let request = 0; request < 8; request++) await client.chatCompletion(ping)
    expect(used().slice(-8)).toContain(resting)
    expect(recovered).toEqual([`${resting === 'Bearer sk-a' ? 'a' : 'b'} cooling`])
    await client.close()
  })

  test('a used-up quota keeps a key out until it is refreshed', async () => {
    accept('sk-a')
    const told: string[] = []
    const ring = new KeyRing('sk-a', {
      onKeyQuarantined: ({ reason }) => void told.push(reason),
      onKeyRecovered: ({ after }) => void told.push(`recovered from ${after}`),
    })
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: ring, maxRetries: 0 })
    const body = {
      error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    }
    upstream.enqueue({ kind: 'status', status: 429, body })
    await expect(client.chatCompletion(ping)).rejects.toMatchObject({ code: 'provider_quota_exhausted' })
    await expect(client.chatCompletion(ping)).rejects.toThrow()
    expect(upstream.requests).toHaveLength(1)
    await ring.refresh()
    await client.chatCompletion(ping)
    expect(told).toEqual(['exhausted', 'recovered from exhausted'])
    await client.close()
  })

  test('a provider that fails (500, 503, a broken connection) says nothing about its key', async () => {
    accept('sk-a')
    const told: KeyEvent[] = []
    const ring = new KeyRing('sk-a', { onKeyRotation: (event) => void told.push(event) })
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: ring, maxRetries: 0 })
    for (const behaviour of [
      { kind: 'status', status: 500 },
      { kind: 'status', status: 503 },
      { kind: 'reset', at: 'head' },
    ] as const) {
      upstream.enqueue(behaviour)
      await expect(client.chatCompletion(ping)).rejects.toThrow()
    }
    expect(told).toEqual([])
    expect(ring.states()).toMatchObject([{ state: { kind: 'ready' } }])
    await client.close()
  })
})

describe('the service', () => {
  test('F3 a revoked key: quarantined, told in log, metric, audit and webhook, and back with a new value', async () => {
    const posts: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
    let refusals = 2
    const receiver = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        // Twice it is not there: what was to be told is told all the same, in order.
        if (refusals-- > 0) return void response.writeHead(503).end()
        posts.push({ headers: request.headers, body })
        response.end('ok')
      })
    })
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve))
    closers.push(() => void receiver.close())
    const { port } = receiver.address() as AddressInfo
    const file = join(folder, 'key')
    writeFileSync(file, 'sk-revoked-0123456789')
    const service = await serve(
      `[ { name: main, secret: "file:${file}" } ]`,
      `secrets: { webhook: { url: "http://127.0.0.1:${port}/hook?team=ai", private: true, secret: env:HOOK_SECRET } }
audit: { sinks: [ { kind: store }, { kind: stdout } ] }`,
      { HOOK_SECRET: 'hook-secret-0123456789' },
    )
    accept('sk-fresh-0123456789')
    const refused = await ask(service)
    expect([refused.status, refused.error.code]).toEqual([502, 'provider_key_refused'])
    expect(await metricsOf(service)).toContain('ai_provider_key_state{provider="openai",key="main"} 4')
    replaceFile(file, 'sk-fresh-0123456789')
    await eventually(async () => (await ask(service)).status === 200, 'the new key serves')
    expect(await metricsOf(service)).toContain('ai_provider_key_state{provider="openai",key="main"} 0')
    await eventually(() => posts.length === 4, 'everything was posted')
    const bodies = posts.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    expect(bodies.map(({ type }) => type)).toEqual(['key-out', 'key-rotated', 'key-recovered', 'key-drained'])
    expect(bodies[0]).toMatchObject({
      provider: 'openai',
      key: 'main',
      reason: 'quarantined',
      fingerprint: fingerprintOf('sk-revoked-0123456789'),
    })
    for (const { headers, body } of posts) {
      const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-ai-signature'])) ?? []
      expect(mac).toBe(createHmac('sha256', 'hook-secret-0123456789').update(`${seconds}.${body}`).digest('hex'))
      expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(60)
    }
    // Audit lines go to stdout here, so that they can be read beside the log.
    await eventually(() => service.output().includes('"action":"key.drained"'), 'the audit trail has it')
    for (const action of ['key.out', 'key.rotated', 'key.recovered'])
      expect(service.output()).toMatch(new RegExp(`"action":"${action}".*"key":"main".*"provider":"openai"`))
    expect(logLines(service).map(({ message }) => message)).toEqual(
      expect.arrayContaining(['a provider key is out', 'a provider key was rotated', 'a provider key is back']),
    )
    expect(`${service.output()}${JSON.stringify(posts)}`).not.toMatch(/sk-revoked|sk-fresh|hook-secret/)
  })

  test('a new value that does not work: the old one goes on serving, and the operator is told', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'sk-good-0123456789')
    accept('sk-good-0123456789')
    const service = await serve(`[ { secret: "file:${file}" } ]`)
    await mustAnswer(service)
    replaceFile(file, 'sk-typo-0123456789')
    await eventually(() => service.output().includes('a new provider key is on probation'), 'the new value is read')
    for (let request = 0; request < 10; request++) await mustAnswer(service)
    await eventually(
      () => service.output().includes('"message":"a new provider key does not work; the old one stays"'),
      'the log says so',
    )
    expect(await metricsOf(service)).toContain('ai_key_rotations_total{provider="openai",outcome="refused"} 1')
    expect(service.output()).not.toContain('sk-typo')
  })

  test('the webhook reaches no private address unless it is told to, and needs a secret', async () => {
    accept('sk-a-0123456789')
    await expect(
      serve('[ { secret: env:A } ]', 'secrets: { webhook: { url: "http://127.0.0.1:9/", secret: env:B } }', {
        A: 'sk-a-0123456789',
        B: 'b',
      }),
    ).rejects.toThrow(
      /secrets\.webhook\.url: found a loopback or private address, expected private: true on the webhook/,
    )
    await expect(
      serve('[ { secret: env:A } ]', 'secrets: { webhook: { url: "https://hooks.example.com/" } }', {
        A: 'sk-a-0123456789',
      }),
    ).rejects.toThrow(/secrets\.webhook\.secret/)
  })

  test('F2 keys that rest: the others are used, and the client is told when the first one is back', async () => {
    accept('sk-a-0123456789', 'sk-b-0123456789')
    const env = { A: 'sk-a-0123456789', B: 'sk-b-0123456789' }
    const service = await serve('[ { name: a, secret: env:A }, { name: b, secret: env:B } ]', '', env)
    upstream.enqueue({ kind: 'status', status: 429, headers: { 'retry-after': '7' } })
    await mustAnswer(service)
    expect(await metricsOf(service)).toMatch(/ai_provider_key_state\{provider="openai",key="[ab]"\} 2/)
    upstream.enqueue({
      kind: 'status',
      status: 429,
      headers: { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m30s' },
    })
    const answer = await ask(service)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(6)
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(7)
  })
})
