// `ai-service doctor` before faults that are made for real: each is named, with where it is and what to do, and is 1.
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Blackhole, openBlackhole } from '../kit/blackhole.ts'
import { type ConnectProxy, startConnectProxy } from '../kit/connect-proxy.ts'
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts'
import { freePort, startService } from '../kit/service.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))
const fixtures = new URL('../../packages/ai-lib/src/transport/fixtures/', import.meta.url)
const closed = 'server: { port: 0, metrics: { port: 0 }, admin: { port: 0 } }\n'
const nobody = 65_534

interface Finding {
  readonly what: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly todo?: string
}

interface Examined {
  readonly code: number | null
  readonly findings: readonly Finding[]
  of(what: string): Finding | undefined
}

let folder: string
const servers: Server[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  for (const server of servers.splice(0)) server.close()
})

interface Patient {
  readonly env?: Readonly<Record<string, string>>
  /** As somebody who may not do everything, where the tests run as root. */
  readonly unprivileged?: boolean
}

async function examine(yaml: string | undefined, { env = {}, unprivileged = false }: Patient = {}): Promise<Examined> {
  if (yaml !== undefined) writeFileSync(join(folder, 'ai-service.yaml'), yaml, { mode: 0o644 })
  const isRoot = process.getuid?.() === 0
  if (unprivileged && isRoot) chownSync(folder, nobody, nobody)
  const child = spawn(process.execPath, [bin, 'doctor', '--json'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(unprivileged && isRoot ? { uid: nobody, gid: nobody } : {}),
  })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const { findings }: { readonly findings: readonly Finding[] } = JSON.parse(out)
  return { code, findings, of: (name) => findings.find(({ what }) => what === name) }
}

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function tlsServer(name: string): Promise<number> {
  const pem = (ending: string): string => readFileSync(new URL(`${name}.${ending}`, fixtures), 'utf8')
  return listen(createHttpsServer({ cert: pem('pem'), key: pem('key') }, (_, response) => response.end()))
}

const http = (answer: RequestListener): Promise<number> => listen(createHttpServer(answer))
const provider = (name: string, port: number, more = ''): string =>
  `  ${name}: { kind: openai-compatible, baseUrl: "http://127.0.0.1:${port}/v1", private: true${more} }\n`

describe('a provider that is not reached', () => {
  let dns: DnsServer
  let blackhole: Blackhole | undefined
  beforeAll(async () => {
    dns = await startDnsServer()
    dns.set('mute.test', { kind: 'servfail' })
    blackhole = await openBlackhole()
  })
  afterAll(async () => {
    await dns.close()
    await blackhole?.close()
  })

  test('is told by what stopped it, each with what to do', async () => {
    const slow = await http(() => undefined)
    const plain = await http((_, response) => response.end())
    const noHttp = await listen(createServer((socket) => void socket.end('220 mail ready\r\n')))
    const ca = `ca: "file:${fileURLToPath(new URL('ca.pem', fixtures))}"`
    const at = (name: string, url: string, more = ''): string =>
      `  ${name}: { kind: openai-compatible, baseUrl: "${url}", private: true${more} }\n`
    const yaml = [
      `server: { port: 0, metrics: { port: 0 }, admin: { port: 0 }, dns: { servers: [ "${dns.address}" ] } }\nproviders:\n`,
      provider('gone', await freePort()),
      at('nameless', 'http://nowhere.test/v1'),
      at('mute', 'http://mute.test/v1'),
      blackhole ? provider('dropped', blackhole.port) : '',
      provider('slow', slow),
      provider('mail', noHttp),
      at('strange', `https://localhost:${await tlsServer('localhost')}/v1`),
      at('self', `https://127.0.0.1:${await tlsServer('self-signed')}/v1`),
      at('old', `https://localhost:${await tlsServer('expired')}/v1`, `, ${ca}`),
      at('other', `https://127.0.0.1:${await tlsServer('other')}/v1`, `, ${ca}`),
      at('plain', `https://127.0.0.1:${plain}/v1`),
    ].join('')
    const { code, findings, of } = await examine(yaml.replaceAll('localhost', '127.0.0.1'))
    expect(code).toBe(1)
    const told = (name: string): string => `${of(`network ${name}`)?.detail} -> ${of(`network ${name}`)?.todo}`
    expect(told('gone')).toMatch(
      /is not reached: nothing listens there \(ECONNREFUSED\) -> Look at host and port of providers\.gone\.baseUrl/,
    )
    expect(told('nameless')).toMatch(
      /its name is not known \(ENOTFOUND\) -> Look at the name in providers\.nameless\.baseUrl/,
    )
    expect(told('mute')).toMatch(/its name is not resolved \(\w+\) -> The resolver does not answer or refuses/)
    if (blackhole)
      expect(told('dropped')).toMatch(
        /timeout: there is no connection within 3 s -> Something drops what is sent: a firewall/,
      )
    expect(told('slow')).toMatch(/is slow: connected, but no answer in 3 s -> Look whether the provider has an outage/)
    expect(told('mail')).toMatch(/does not speak HTTP -> Look at scheme and port/)
    expect(told('self')).toMatch(
      /nobody trusted has signed its certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\) -> A company's own certificate goes into/,
    )
    expect(told('old')).toMatch(
      /its certificate is no longer valid \(CERT_HAS_EXPIRED\) -> It must be renewed there; or this machine’s clock is wrong/,
    )
    expect(told('other')).toMatch(/its certificate is for another name|nobody trusted/)
    expect(told('plain')).toMatch(/TLS fails: what answers there does not speak it \(\w+\) -> .*http: or https:\?/)
    expect(findings.filter(({ what, state }) => what.startsWith('network') && state !== 'fail')).toEqual([])
  }, 60_000)
})

describe('a proxy', () => {
  let proxy: ConnectProxy
  beforeEach(async () => {
    proxy = await startConnectProxy({ credentials: 'user:pw-canary' })
  })
  afterEach(() => proxy.close())

  const through = (url: string): string =>
    `${closed}providers: { far: { kind: openai-compatible, baseUrl: "http://upstream.test/v1", proxy: "${url}" } }\n`

  test('that wants credentials, refuses the target, or is away is told apart', async () => {
    const wanting = await examine(through(proxy.url))
    expect(wanting.of('network far')).toMatchObject({
      state: 'fail',
      detail: `upstream.test is not reached: the proxy refused CONNECT with status 407: it wants credentials, or others than it was given (through the proxy ${proxy.url})`,
      todo: expect.stringContaining('Put user:password@ into its URL'),
    })
    proxy.setFault({ kind: 'status', status: 403 })
    const refusing = await examine(through(proxy.urlWithCredentials))
    expect(refusing.of('network far')).toMatchObject({
      detail: expect.stringContaining('refused CONNECT with status 403: it does not allow this target'),
      todo: expect.stringContaining("Allow the provider's host and port in the proxy"),
    })
    const away = await examine(through(`http://user:pw-canary@127.0.0.1:${await freePort()}`))
    expect(away.of('network far')).toMatchObject({
      detail: expect.stringContaining('the proxy is not reached (ECONNREFUSED)'),
      todo: expect.stringContaining('Look at host, port and scheme of the proxy'),
    })
    expect([wanting.code, refusing.code, away.code]).toEqual([1, 1, 1])
    expect(JSON.stringify([wanting, refusing, away])).not.toContain('pw-canary')
  }, 60_000)
})

describe('the clock', () => {
  const saying = (aheadMs: number): Promise<number> =>
    http((_, response) => response.writeHead(401, { date: new Date(Date.now() + aheadMs).toUTCString() }).end())

  test('that all servers say is wrong is 1, with what comes of it', async () => {
    const [one, two] = [await saying(2 * 3_600_000), await saying(2 * 3_600_000)]
    const { code, of } = await examine(`${closed}providers:\n${provider('one', one)}${provider('two', two)}`)
    expect(code).toBe(1)
    expect(of('clock')).toMatchObject({
      state: 'fail',
      detail: expect.stringMatching(/^2\.0 h behind 127\.0\.0\.1:\d+, 2\.0 h behind 127\.0\.0\.1:\d+$/),
      todo: expect.stringContaining('Let NTP set it'),
    })
  })

  test('with which some agree is not the one to blame', async () => {
    const [right, wrong] = [await saying(0), await saying(-7_200_000)]
    const { code, of } = await examine(`${closed}providers:\n${provider('right', right)}${provider('wrong', wrong)}`)
    expect(code).toBe(0)
    expect(of('clock')).toMatchObject({ state: 'warn', todo: `The clock of 127.0.0.1:${wrong} may be wrong.` })
  })
})

describe('what is on this machine', () => {
  test('no key: the variables that would count are named', async () => {
    const { code, of } = await examine(undefined, { env: { AI_SERVICE_PORT: '0', AI_SERVICE_METRICS_PORT: '0' } })
    expect(code).toBe(1)
    expect(of('providers')).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('demo mode'),
      todo: expect.stringMatching(/ANTHROPIC_API_KEY.*OPENAI_API_KEY.*\/run\/secrets\/ai-service/),
    })
  })

  test('a port that another program has, and one that a running ai-service has', async () => {
    const stranger = await listen(createServer())
    const config = (port: number, metrics: number): string =>
      `server: { port: ${port}, metrics: { port: ${metrics} }, admin: { port: 0 } }\nproviders: { simulator: {} }\n`
    const taken = await examine(config(stranger, 0))
    expect(taken.code).toBe(1)
    expect(taken.of(`address 127.0.0.1:${stranger}`)?.detail).toContain(`(EADDRINUSE): taken by`)
    if (process.platform === 'linux')
      expect(taken.of(`address 127.0.0.1:${stranger}`)?.detail).toContain(`(pid ${process.pid})`)
    expect(taken.of(`address 127.0.0.1:${stranger}`)?.todo).toContain('choose another port with AI_SERVICE_PORT')
    const metrics = await examine(config(0, stranger))
    expect(metrics.of(`metrics address 127.0.0.1:${stranger}`)).toMatchObject({ state: 'fail' })
    const service = await startService({ yaml: 'providers: { simulator: {} }' })
    try {
      const [data, scraped] = [service.url, service.metricsUrl].map((url) => Number(new URL(url).port))
      const beside = await examine(config(data ?? 0, scraped ?? 0))
      expect(beside.code).toBe(0)
      expect(beside.of(`address 127.0.0.1:${data}`)?.detail).toContain('in use, by an ai-service that answers')
      expect(beside.of(`metrics address 127.0.0.1:${scraped}`)?.detail).toContain(
        'in use, by an ai-service that answers',
      )
    } finally {
      await service.stop()
    }
  }, 60_000)

  test('folders that cannot be written', async () => {
    mkdirSync(join(folder, 'data'), { mode: 0o555 })
    mkdirSync(join(folder, 'backups'), { mode: 0o555 })
    const { code, of } = await examine(
      `${closed}providers: { simulator: {} }\nstores: { database: "sqlite:./data/a.db" }\nbackup: { to: "file:./backups", encrypt: env:BACKUP_KEY }\n`,
      { env: { BACKUP_KEY: `${'k'.repeat(43)}=` }, unprivileged: true },
    )
    expect(code).toBe(1)
    for (const [what, name] of [
      ['data folder', 'data'],
      ['backup folder', 'backups'],
    ] as const)
      expect(of(what)).toMatchObject({
        state: 'fail',
        detail: `${join(folder, name)} cannot be written: ${join(folder, name)} (EACCES: this user may not write there)`,
        todo: expect.stringContaining('Give this user the folder'),
      })
    writeFileSync(join(folder, 'file'), '')
    const blocked = await examine(`${closed}providers: { simulator: {} }\nstores: { database: "sqlite:./file/a.db" }\n`)
    expect(blocked.of('data folder')?.detail).toContain('ENOTDIR: a file stands where a folder is needed')
  })

  test('files of secrets that others may read or write', async () => {
    for (const [name, mode] of [
      ['tight', 0o600],
      ['open', 0o644],
      ['shared', 0o620],
    ] as const) {
      writeFileSync(join(folder, name), `sk-${name}-0123456789`)
      chmodSync(join(folder, name), mode)
    }
    const keys = ['tight', 'open', 'shared'].map((name) => `{ secret: "file:./${name}" }`).join(', ')
    const { code, of } = await examine(
      `${closed}providers: { openai: { keys: [ ${keys} ], baseUrl: "http://127.0.0.1:${await http((_, response) => response.end())}/v1", private: true, proxy: "http://u:written-out@127.0.0.1:1" } }\n`,
    )
    expect(code).toBe(1)
    expect(of(join(folder, 'tight'))).toMatchObject({ state: 'ok', detail: 'mode 0600' })
    expect(of(join(folder, 'open'))).toMatchObject({
      state: 'fail',
      detail: 'mode 0644: everybody on this machine may read it',
      todo: `chmod 0600 ${join(folder, 'open')}`,
    })
    expect(of(join(folder, 'shared'))?.detail).toBe('mode 0620: others may replace this secret')
    expect(of(`file ${join(folder, 'ai-service.yaml')}`)?.detail).toContain('it has a password written out')
  })

  test('the key that signs the audit trail, readable by others', async () => {
    const service = await startService({ yaml: 'providers: { simulator: {} }' })
    try {
      const key = join(service.folder, 'data', 'ai-service.db-audit.key')
      const before = await examineIn(service.folder)
      expect(before.of('audit signing key')).toMatchObject({ state: 'ok' })
      chmodSync(key, 0o644)
      const after = await examineIn(service.folder)
      expect(after.of('audit signing key')).toMatchObject({ state: 'fail', todo: `chmod 0600 ${key}` })
    } finally {
      await service.stop()
    }
  }, 60_000)
})

function examineIn(other: string): Promise<Examined> {
  const own = folder
  folder = other
  const examined = examine(undefined)
  folder = own
  return examined
}
