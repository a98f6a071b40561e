// F15: names that do not exist, servers that fail, fall silent, answer nothing or change their minds, asked by the running service.
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { chatBody, paths, post, type Told } from './asking.ts'

const silentHosts = Array.from({ length: 24 }, (_, index) => `silent-${index}`)

let dns: DnsServer
let upstream: Simulator
let service: RunningService

beforeAll(async () => {
  dns = await startDnsServer()
  upstream = await startSimulator()
  const entry = (name: string): string =>
    `  ${name}: { kind: openai-compatible, baseUrl: "http://${name}.test:${upstream.port}/v1", private: true, keepAlive: false, keys: [ { secret: env:KEY } ], timeouts: { connect: 3s } }`
  service = await startService({
    server: `  maxRetries: 0\n  dns: { servers: [ "${dns.address}" ], timeout: 300ms }`,
    yaml: ['providers:', ...['steady', 'moody', 'v4only', 'two', 'gone', ...silentHosts].map(entry)].join('\n'),
    env: { KEY: 'sk-dns-0123456789' },
  })
})
beforeEach(() => dns.set('steady.test', { kind: 'addresses', v4: ['127.0.0.1'] }))
afterAll(async () => {
  await service.stop()
  await upstream.close()
  await dns.close()
})

interface Timed extends Told {
  readonly tookMs: number
}

async function ask(name: string): Promise<Timed> {
  const startedMs = performance.now()
  const told = await post(service.url, paths.openai, chatBody(`${name}/echo`))
  return { ...told, tookMs: performance.now() - startedMs }
}

describe('F15 names', () => {
  test('the configured server is asked, for both families', async () => {
    expect((await ask('steady')).status).toBe(200)
    expect(dns.asked).toContain('A steady.test')
    expect(dns.asked).toContain('AAAA steady.test')
  })

  test.each([{ kind: 'nxdomain' }, { kind: 'servfail' }, { kind: 'empty' }] as const)(
    '$kind from the start is 502 and says so, without the name',
    async (answer) => {
      dns.set('gone.test', answer)
      const told = await ask('gone')
      expect([told.status, told.error.code]).toEqual([502, 'provider_unreachable'])
      expect(told.error.message).toContain('Its name was not resolved')
      expect(told.text).not.toContain('gone.test')
    },
  )

  test('silence from the start ends in a bounded time', async () => {
    dns.set('gone.test', { kind: 'silent' })
    const told = await ask('gone')
    expect([502, 504]).toContain(told.status)
    expect(told.tookMs).toBeLessThan(4_000)
  })

  test('a server that never answers for IPv6 costs next to nothing', async () => {
    const flip = { kind: 'addresses', v4: ['127.0.0.1'] } as const
    let asked = 0
    // The two questions of a look-up come in turn; every second one is left unanswered.
    dns.set('v4only.test', () => (asked++ % 2 === 0 ? flip : { kind: 'silent' }))
    const told = await ask('v4only')
    expect(told.status).toBe(200)
    expect(told.tookMs).toBeLessThan(1_000)
  })

  test('of several addresses one that answers is enough', async () => {
    dns.set('two.test', { kind: 'addresses', v4: ['127.0.0.2', '127.0.0.1'] })
    expect((await ask('two')).status).toBe(200)
  })

  test('one that was good and flaps is served from its last good addresses', async () => {
    dns.set('moody.test', { kind: 'addresses', v4: ['127.0.0.1'] })
    expect((await ask('moody')).status).toBe(200)
    for (const answer of [{ kind: 'servfail' }, { kind: 'nxdomain' }, { kind: 'empty' }, { kind: 'silent' }] as const) {
      dns.set('moody.test', answer)
      const told = await ask('moody')
      expect([answer.kind, told.status]).toEqual([answer.kind, 200])
      // Half a second of patience, where a server is silent.
      expect(told.tookMs).toBeLessThan(1_500)
    }
  })

  test('twenty-four names that are never answered hold up neither the others nor the service itself', async () => {
    for (const name of silentHosts) dns.set(`${name}.test`, { kind: 'silent' })
    const hanging = silentHosts.map(ask)
    const others: Timed[] = []
    for (let round = 0; round < 10; round++) others.push(await ask('steady'))
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200))
    expect(Math.max(...others.map(({ tookMs }) => tookMs))).toBeLessThan(1_000)
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
    for (const told of await Promise.all(hanging)) expect([502, 504]).toContain(told.status)
  })
})
