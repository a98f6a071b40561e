// What stands between the service and an upstream's first byte: nobody there, nobody who accepts, a certificate that is wrong.
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { connect as tlsConnect, createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBlackhole } from '../kit/blackhole.ts'
import { freePort, type RunningService, startService } from '../kit/service.ts'
import { needsThat } from '../require.ts'
import { chatBody, paths, post } from './asking.ts'

const certificates = new URL('../../packages/ai-lib/src/transport/fixtures/', import.meta.url)
const pem = (name: string): string => readFileSync(new URL(name, certificates), 'utf8')

let service: RunningService
let good: Simulator
let plain: Simulator
const hole = await openBlackhole()
const secure = new Map<string, Simulator>()
const servers: Server[] = []
const sockets = new Set<Socket>()
/** Bytes that reached the servers which are no upstream. */
let leaked = ''

function listen(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

function oldTls(version: 'TLSv1' | 'TLSv1.1'): TlsOptions {
  // OpenSSL 3 speaks these only where its security level is lowered.
  const ciphers = 'DEFAULT@SECLEVEL=0'
  return { key: pem('localhost.key'), cert: pem('localhost.pem'), minVersion: version, maxVersion: version, ciphers }
}

const oldPorts = new Map<string, number>()

beforeAll(async () => {
  good = await startSimulator()
  plain = await startSimulator()
  for (const name of ['localhost', 'other', 'expired', 'self-signed'])
    secure.set(name, await startSimulator({ tls: { key: pem(`${name}.key`), cert: pem(`${name}.pem`) } }))
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const server = createTlsServer(oldTls(version), (socket) => socket.on('data', (chunk) => void (leaked += chunk)))
    server.on('tlsClientError', () => undefined)
    oldPorts.set(version, await listen(server))
  }
  const stalled = await listen(createServer((socket) => socket.resume()))
  const ca = new URL('ca.pem', certificates).pathname
  const upstreams: readonly (readonly [string, string])[] = [
    ...[...secure].map(([name, { port }]) => [name, `https://localhost:${port}/v1`] as const),
    ['by-address', `https://127.0.0.1:${secure.get('localhost')?.port}/v1`],
    ['stalled', `https://localhost:${stalled}/v1`],
    ['tls10', `https://localhost:${oldPorts.get('TLSv1')}/v1`],
    ['tls11', `https://localhost:${oldPorts.get('TLSv1.1')}/v1`],
    ['no-tls', `https://localhost:${plain.port}/v1`],
    ['refused', `http://127.0.0.1:${await freePort()}/v1`],
    ['hole', `http://127.0.0.1:${hole?.port ?? 1}/v1`],
  ]
  const common = 'private: true, keys: [ { secret: env:KEY } ], timeouts: { connect: 400ms }'
  const entry = (name: string, url: string, more: string): string =>
    `  ${name}: { kind: openai-compatible, baseUrl: "${url}", ${common}${more} }`
  service = await startService({
    yaml: [
      'providers:',
      ...upstreams.map(([name, url]) => entry(name, url, `, ca: ${ca}`)),
      entry('unknown-ca', `https://localhost:${secure.get('localhost')?.port}/v1`, ''),
      entry('good', `${good.url}/v1`, ''),
      'models:',
      ...upstreams.map(
        ([name]) => `  safe-${name}: { endpoints: [ { provider: ${name}, model: echo } ], fallbacks: [ good/echo ] }`,
      ),
    ].join('\n'),
    // What some set in despair must not weaken anything.
    env: { KEY: 'sk-connecting-canary', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  })
}, 60_000)

afterAll(async () => {
  await service.stop()
  await hole?.close()
  for (const each of [good, plain, ...secure.values()]) await each.close()
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

const refused: readonly (readonly [string, number, string, RegExp])[] = [
  ['refused', 502, 'provider_unreachable', /refused or had no way \(ECONNREFUSED\)/],
  ['expired', 502, 'provider_unreachable', /TLS failed.*\(CERT_HAS_EXPIRED\)/],
  ['other', 502, 'provider_unreachable', /TLS failed.*\(ERR_TLS_CERT_ALTNAME_INVALID\)/],
  ['self-signed', 502, 'provider_unreachable', /TLS failed.*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ['unknown-ca', 502, 'provider_unreachable', /TLS failed.*\(UNABLE_TO_/],
  ['stalled', 504, 'provider_timeout_connect', /no connection within 400 ms/],
  ['tls10', 502, 'provider_unreachable', /TLS failed/],
  ['tls11', 502, 'provider_unreachable', /TLS failed/],
  ['no-tls', 502, 'provider_unreachable', /TLS failed/],
]

async function expectRefusal(name: string, status: number, code: string, words: RegExp): Promise<void> {
  for (const stream of [false, true]) {
    const answer = await post(service.url, paths.openai, chatBody(`${name}/echo`, 'Hello', { stream }))
    expect([answer.status, answer.error.code]).toEqual([status, code])
    expect(answer.error.message).toMatch(words)
    expect(answer.text).not.toMatch(/localhost|127\.0\.0\.1/)
  }
}

async function expectAnother(name: string): Promise<void> {
  const answer = await post(service.url, paths.openai, chatBody(`safe-${name}`))
  expect([answer.status, answer.headers.get('x-ai-provider')]).toEqual([200, 'good'])
  // One where its breaker has opened in the meantime.
  expect(Number(answer.headers.get('x-ai-attempts'))).toBeLessThanOrEqual(2)
}

const dropping = { need: 'a kernel that drops connections behind a full backlog', enable: 'run this on Linux' }
needsThat(hole !== undefined, dropping)('F5 an address where nobody accepts', () => {
  test('F5 is 504 within the connect timer, and says so', async () => {
    await expectRefusal('hole', 504, 'provider_timeout_connect', /no connection within 400 ms/)
  })

  test('F5 after it another target serves', () => expectAnother('hole'))
})

describe('F5 F14 connections that do not come to be', () => {
  test.each(refused)('%s is %i %s and says why, whole and streamed', expectRefusal)

  test.each(refused.filter(([name]) => name !== 'unknown-ca'))('after %s another target serves', expectAnother)

  test('no byte of a request or key reached any of them', () => {
    expect(leaked).toBe('')
    for (const name of ['other', 'expired', 'self-signed']) expect(secure.get(name)?.requests).toEqual([])
    expect(plain.requests).toEqual([])
  })
})

describe('F14 connections that are as they should be', () => {
  test.each(['localhost', 'by-address'])('%s: an authority of one’s own, by file', async (name) => {
    expect((await post(service.url, paths.openai, chatBody(`${name}/echo`))).status).toBe(200)
    const streamed = await post(service.url, paths.anthropic, chatBody(`${name}/echo`, 'Hello', { stream: true }))
    expect(streamed.text).toContain('message_stop')
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)(
    'the server of %s does speak it, to a client that asks for it',
    async (version) => {
      const { minVersion, maxVersion, ciphers } = oldTls(version)
      const options = { host: '127.0.0.1', port: oldPorts.get(version), minVersion, maxVersion, ciphers }
      const spoken = await new Promise((resolve, reject) => {
        const socket = tlsConnect({ ...options, servername: 'localhost', ca: [pem('ca.pem')] }, () => {
          resolve(socket.getProtocol())
          socket.destroy()
        })
        socket.on('error', reject)
      })
      expect(spoken).toBe(version)
    },
  )
})
