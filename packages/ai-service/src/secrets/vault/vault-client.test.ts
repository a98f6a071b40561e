// Vault that denies, fails, is sealed, talks nonsense or hangs up, and tokens that end: against a server of our own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import { afterEach, expect, test, vi } from 'vitest'
import type { VaultReference } from '../sources.ts'
import { openVault } from './open-vault.ts'
import type { VaultAuth, VaultSettings } from './vault-settings.ts'

const reference: VaultReference = {
  kind: 'vault',
  mount: 'kv',
  path: 'a b/c',
  field: 'key',
  text: 'vault:kv/a b/c#key',
}
const canary = 'hvs.canary-0123456789'

interface Seen {
  readonly route: string
  readonly token: string | undefined
  readonly namespace: string | undefined
  readonly body: string
}

type Answer = (route: string, token: string | undefined, response: ServerResponse) => void

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function vaultAnswering(answer: Answer, more: Partial<VaultSettings> = {}, env: Record<string, string> = {}) {
  const seen: Seen[] = []
  const server: Server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const route = `${request.method} ${request.url}`
      const token = request.headers['x-vault-token']?.toString()
      seen.push({ route, token, namespace: request.headers['x-vault-namespace']?.toString(), body })
      answer(route, token, response)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const auth: VaultAuth = { kind: 'token', token: { kind: 'env', name: 'TOKEN', text: 'env:TOKEN' } }
  const client = openVault(createHttpTransport(), {
    settings: { address: `http://127.0.0.1:${port}`, ca: [], auth, refreshMs: 1, maxAgeMs: 1, ...more },
    env: { TOKEN: canary, ROLE: 'role-canary', SECRET: 'secret-canary', ...env },
  })
  closers.push(() => client.close())
  return { client, seen, server }
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
const kv = (fields: unknown) => ({ data: { data: fields, metadata: { version: 1 } } })
const login = (token: string, seconds: number, renewable = true) => ({
  auth: { client_token: token, lease_duration: seconds, renewable },
})
const appRole: VaultAuth = {
  kind: 'app-role',
  mount: 'approle',
  roleId: { kind: 'env', name: 'ROLE', text: 'env:ROLE' },
  secretId: { kind: 'env', name: 'SECRET', text: 'env:SECRET' },
}

test('reads a field with the token and the namespace; paths are escaped step by step', async () => {
  const { client, seen } = await vaultAnswering(
    (route, _, response) => json(response, 200, route.includes('/kv/') ? kv({ key: 'value' }) : { data: { ttl: 0 } }),
    { namespace: 'team/a' },
  )
  expect(await client.read(reference)).toEqual({ kind: 'value', value: 'value' })
  expect(seen.map(({ route }) => route)).toEqual(['GET /v1/auth/token/lookup-self', 'GET /v1/kv/data/a%20b/c'])
  expect(seen.every(({ token, namespace }) => token === canary && namespace === 'team/a')).toBe(true)
})

test.each([
  ['denies it', 403, { errors: ['permission denied'] }, /^cannot be read: Vault denies it \(403\)/],
  ['has no such secret', 404, { errors: [] }, /^is not there: Vault has no such secret/],
  ['deleted it', 404, kv(null), /^is not there/],
  [
    'has an error',
    500,
    { errors: ['1 error occurred: boom'] },
    /^cannot be read: Vault has an error of its own \(500\)/,
  ],
  ['is sealed', 503, { errors: ['Vault is sealed'] }, /^cannot be read: Vault is sealed or in maintenance \(503\)/],
  ['is on standby', 473, {}, /^cannot be read: Vault is on standby or limits requests \(473\)/],
  ['points elsewhere', 307, {}, /^cannot be read: Vault points to another address \(307\)/],
  ['has not the field', 200, kv({ other: canary }), /^is not there: the secret has no field key$/],
  ['has a number in it', 200, kv({ key: 5 }), /^is no text$/],
  ['has version 1 of KV', 200, { data: { key: canary } }, /^cannot be read: the answer is none of KV version 2$/],
  ['answers with a list', 200, [canary], /^cannot be read: the answer is none of KV version 2$/],
])('a Vault that %s is a reason in words, without what it said', async (_, status, body, why) => {
  const { client } = await vaultAnswering((route, __, response) =>
    route.includes('/kv/') ? json(response, status, body) : json(response, 200, { data: { ttl: 0 } }),
  )
  const result = await client.read(reference)
  expect(result.kind === 'absent' && result.why).toMatch(why)
  expect(JSON.stringify(result)).not.toContain('canary')
})

test.each([
  ['garbage', (response: ServerResponse) => response.end('<html>canary</html>'), /none of KV version 2/],
  ['nothing', (response: ServerResponse) => response.end(), /none of KV version 2/],
  ['a broken connection', (response: ServerResponse) => response.destroy(), /is not reached \(the connection broke\)/],
  [
    'an answer without end',
    (response: ServerResponse) => {
      response.writeHead(200)
      response.write('x'.repeat(1024 * 1024))
      response.write('x')
    },
    /is not reached \(too-large\)/,
  ],
])('a Vault that answers with %s is a reason in words', async (_, answer, why) => {
  const { client } = await vaultAnswering((route, __, response) =>
    route.includes('/kv/') ? answer(response) : json(response, 200, { data: { ttl: 0 } }),
  )
  const result = await client.read(reference)
  expect(result.kind === 'absent' && result.why).toMatch(why)
})

test('a Vault that is not there, or needs a login that is not configured, is a reason in words', async () => {
  const gone = await vaultAnswering(() => undefined)
  gone.server.close()
  gone.server.closeAllConnections()
  expect(await gone.client.read(reference)).toMatchObject({ why: /is not reached \(nothing listens there\)/ })
  const bare = await vaultAnswering((_, __, response) => json(response, 200, {}), {})
  const none = openVault(createHttpTransport(), {
    settings: { address: 'http://127.0.0.1:1', ca: [], refreshMs: 1, maxAgeMs: 1 },
    env: {},
  })
  expect(await none.read(reference)).toMatchObject({ why: /needs secrets.vault.auth, or VAULT_TOKEN/ })
  await none.close()
  await bare.client.close()
})

test('AppRole: logs in once for many reads, and anew where the token is no longer taken', async () => {
  let tokens = 0
  let good = ''
  const { client, seen } = await vaultAnswering(
    (route, token, response) => {
      if (route === 'POST /v1/auth/approle/login') {
        good = `t${++tokens}`
        return json(response, 200, login(good, 3_600))
      }
      return token === good ? json(response, 200, kv({ key: 'value' })) : json(response, 403, {})
    },
    { auth: appRole },
  )
  const results = await Promise.all([client.read(reference), client.read(reference), client.read(reference)])
  expect(results.every(({ kind }) => kind === 'value')).toBe(true)
  expect(tokens).toBe(1)
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ role_id: 'role-canary', secret_id: 'secret-canary' })
  good = 'revoked elsewhere'
  expect((await client.read(reference)).kind).toBe('value')
  expect(tokens).toBe(2)
})

test('a login that is refused is told once per read, and not in a loop', async () => {
  const { client, seen } = await vaultAnswering((_, __, response) => json(response, 400, { errors: ['invalid'] }), {
    auth: appRole,
  })
  expect(await client.read(reference)).toMatchObject({ why: 'cannot be read: Vault refused the login (400)' })
  expect(seen).toHaveLength(1)
})

test('a token is renewed at two thirds of its life, and replaced by a login where renewal ends', async () => {
  const routes: string[] = []
  const { client } = await vaultAnswering(
    (route, _, response) => {
      routes.push(route)
      if (route.endsWith('/login')) return json(response, 200, login(`t${routes.length}`, 1))
      if (route.endsWith('/renew-self'))
        return routes.filter((one) => one === route).length < 3
          ? json(response, 200, login('t1', 1))
          : json(response, 403, { errors: ['lease is not renewable'] })
      return json(response, 200, kv({ key: 'value' }))
    },
    { auth: appRole },
  )
  await client.read(reference)
  await vi.waitFor(() => expect(routes.filter((route) => route.endsWith('/login'))).toHaveLength(2), 9_000)
  expect(routes.filter((route) => route.endsWith('/renew-self'))).toHaveLength(3)
})

test('a client shows neither token nor credential, however it is printed', async () => {
  const { client } = await vaultAnswering((route, _, response) =>
    json(response, 200, route.includes('/kv/') ? kv({ key: canary }) : { data: { ttl: 0 } }),
  )
  await client.read(reference)
  for (const text of [
    JSON.stringify(client),
    inspect(client, { depth: 20, showHidden: true, getters: true }),
    String(client),
  ])
    expect(text).not.toContain('canary')
})
