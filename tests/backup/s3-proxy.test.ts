// Backups to S3 go through the environment's proxy like everything else, and what it refuses is told.
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { S3Storage } from 'ai-lib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectProxy, startConnectProxy } from '../kit/connect-proxy.ts'

const kept = { ...process.env }
const hosts: (string | undefined)[] = []
const proxied: (string | undefined)[] = []
let s3: Server
let proxy: ConnectProxy

beforeAll(async () => {
  s3 = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
    hosts.push(request.headers.host)
    proxied.push(request.headers['proxy-authorization'])
    response.setHeader('content-type', 'application/xml')
    response.end('<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>')
  })
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
  const { port } = s3.address() as AddressInfo
  proxy = await startConnectProxy({ credentials: 'u:hunter2', routes: { 's3.test:80': `127.0.0.1:${port}` } })
})
afterAll(async () => {
  await proxy.close()
  s3.close()
})
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name]
  Object.assign(process.env, kept)
  proxy.forget()
  proxy.setFault(undefined)
  hosts.splice(0)
})

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-of-a-test' }

async function list(options: { readonly proxy?: string } = {}): Promise<number> {
  const storage = new S3Storage('backups', { endpoint: 'http://s3.test', credentials, timeoutMs: 3_000, ...options })
  return (await storage.list('')).length
}

describe('S3 behind a proxy', () => {
  test('the environment’s', async () => {
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = proxy.urlWithCredentials
    expect(await list()).toBe(0)
    expect([hosts, proxied]).toEqual([['s3.test'], [undefined]])
    expect(proxy.seen.map(({ method, target, outcome }) => [method, target, outcome])).toEqual([
      ['CONNECT', 's3.test:80', 'tunnelled'],
    ])
  })

  test('its own', async () => {
    expect(await list({ proxy: proxy.urlWithCredentials })).toBe(0)
    expect(proxy.tunnels()).toBe(1)
  })

  test('one that refuses is told as what it is, without its password', async () => {
    proxy.setFault({ kind: 'status', status: 403 })
    const thrown: unknown = await list({ proxy: proxy.urlWithCredentials }).catch((error: unknown) => error)
    expect(String(thrown)).toContain('The proxy refused CONNECT with status 403')
    expect(String(thrown)).not.toContain('hunter2')
    expect(hosts).toEqual([])
  })
})
