// A proxy that is gone, refuses, falls silent or speaks nonsense: the error says so, and never shows its credentials.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AiClient, AiError, Message, Provider } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectProxy, type ProxyFault, startConnectProxy } from '../kit/connect-proxy.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { chatBody, eventsIn, looksComplete, post } from './asking.ts'

const credentials = 'corp-user:hunter2-canary'
const secrets = ['hunter2-canary', Buffer.from(credentials).toString('base64')]

let upstream: Simulator
let proxy: ConnectProxy
let service: RunningService
let gone = ''

beforeAll(async () => {
  upstream = await startSimulator()
  proxy = await startConnectProxy({ credentials, routes: { 'upstream.test:80': `127.0.0.1:${upstream.port}` } })
  gone = `http://${credentials}@127.0.0.1:${await freePort()}`
  const common = 'baseUrl: "http://upstream.test/v1", keys: [ { secret: env:KEY } ], timeouts: { connect: 300ms }'
  service = await startService({
    yaml: `
providers:
  there: { kind: openai-compatible, ${common}, proxy: env:PROXY_URL }
  wrong: { kind: openai-compatible, ${common}, proxy: env:WRONG_URL }
  gone: { kind: openai-compatible, ${common}, proxy: env:GONE_URL }
  direct: { kind: openai-compatible, baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:KEY } ] }
models:
  safe: { endpoints: [ { provider: gone, model: echo } ], fallbacks: [ wrong/echo, direct/echo ] }
`,
    env: {
      KEY: 'sk-proxy-0123456789',
      PROXY_URL: proxy.urlWithCredentials,
      WRONG_URL: proxy.urlWithCredentials.replace('hunter2', 'hunter3'),
      GONE_URL: gone,
    },
  })
})
afterEach(() => {
  proxy.setFault(undefined)
  proxy.forget()
})
afterAll(async () => {
  await service.stop()
  await proxy.close()
  await upstream.close()
})

const faults: readonly (readonly [string, ProxyFault, string, RegExp])[] = [
  [
    'refuses with 403',
    { kind: 'status', status: 403 },
    'provider_unreachable',
    /proxy refused CONNECT with status 403/,
  ],
  [
    'refuses with 503',
    { kind: 'status', status: 503 },
    'provider_unreachable',
    /proxy refused CONNECT with status 503/,
  ],
  ['is silent', { kind: 'silent' }, 'provider_timeout_connect', /proxy opened no tunnel within \d+ ms/],
  ['resets', { kind: 'reset' }, 'provider_unreachable', /proxy/],
  ['is no proxy', { kind: 'bytes', bytes: 'SSH-2.0-x\r\n\r\n' }, 'provider_unreachable', /proxy does not speak HTTP/],
  [
    'never ends its answer',
    { kind: 'bytes', bytes: `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(9_000)}` },
    'provider_unreachable',
    /proxy/,
  ],
]

describe('a proxy that fails', () => {
  test.each(faults)('F5 one that %s', async (_title, fault, code, words) => {
    proxy.setFault(fault)
    for (const stream of [false, true]) {
      const answer = await post(service.url, '/v1/chat/completions', chatBody('there/echo', 'Hello', { stream }))
      expect([answer.status, answer.error.code]).toEqual([code.includes('timeout') ? 504 : 502, code])
      expect(answer.error.message).toMatch(words)
      for (const secret of [...secrets, 'upstream.test', String(proxy.port)]) expect(answer.text).not.toContain(secret)
    }
    expect(proxy.seen.every(({ outcome }) => outcome === 'failed')).toBe(true)
  })

  test('F5 one that wants other credentials', async () => {
    const answer = await post(service.url, '/v1/messages', chatBody('wrong/echo'))
    expect(answer.status).toBe(502)
    expect(answer.error.message).toMatch(/proxy refused CONNECT with status 407: it wants credentials/)
    expect(answer.text).not.toContain('hunter3')
  })

  test('F5 one that is not there', async () => {
    const answer = await post(service.url, '/v1/chat/completions', chatBody('gone/echo'))
    expect([answer.status, answer.error.code]).toEqual([502, 'provider_unreachable'])
    expect(answer.error.message).toMatch(/proxy is not reached \(ECONNREFUSED\)/)
  })

  test('F5 another target serves where one’s proxy fails', async () => {
    const answer = await post(service.url, '/v1/chat/completions', chatBody('safe'))
    expect([answer.status, answer.headers.get('x-ai-provider')]).toEqual([200, 'direct'])
  })

  test('F7 one that goes away in the middle of a stream ends it with an error, not quietly', async () => {
    upstream.enqueue({ kind: 'answer', text: 'word '.repeat(400), intervalMs: 1 })
    proxy.setFault({ kind: 'cut', afterBytes: 8_000 })
    const answer = await post(service.url, '/v1/chat/completions', chatBody('there/echo', 'Hello', { stream: true }))
    expect(answer.status).toBe(200)
    expect(looksComplete(answer.text)).toBe(false)
    expect(eventsIn(answer.text).at(-1)).toContain('provider_truncated')
  })

  test('the log has the cause, and no credentials', () => {
    expect(service.output()).toContain('The proxy refused CONNECT with status 407')
    for (const secret of [...secrets, 'hunter3']) expect(service.output()).not.toContain(secret)
  })

  test('the library tells it too', async () => {
    const options = { baseUrl: 'http://upstream.test/v1', apiKey: 'k', maxRetries: 0 }
    const client = new AiClient(Provider.OpenAI, { ...options, proxy: gone })
    const thrown: unknown = await client
      .chatCompletion({ model: 'echo', messages: [Message.user('x')] })
      .catch((error: unknown) => error)
    await client.close()
    expect(thrown).toBeInstanceOf(AiError)
    expect(String(thrown)).toMatch(/could not be reached\. The proxy is not reached \(ECONNREFUSED\)\./)
    for (const secret of secrets) expect(JSON.stringify(thrown) + String(thrown)).not.toContain(secret)
  })
})

describe('doctor', () => {
  function doctor(proxyUrl: string): { readonly status: number | null; readonly said: string } {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
    writeFileSync(
      join(folder, 'ai-service.yaml'),
      'server: { port: 0, metrics: { port: 0 } }\nproviders: { openai: { baseUrl: "http://upstream.test/v1", proxy: env:P } }\n',
    )
    const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'doctor'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', OPENAI_API_KEY: 'sk-x', P: proxyUrl },
      encoding: 'utf8',
    })
    rmSync(folder, { recursive: true, force: true })
    return { status, said: `${stdout}${stderr}` }
  }

  test('says what is wrong with a proxy, and which, without its credentials', () => {
    const { status, said } = doctor(gone)
    expect(status).toBe(1)
    expect(said).toMatch(/network openai: upstream\.test is not reached: the proxy is not reached \(ECONNREFUSED\)/)
    expect(said).toContain(`through the proxy ${gone.replace(`${credentials}@`, '')}`)
    for (const secret of secrets) expect(said).not.toContain(secret)
  })
})
