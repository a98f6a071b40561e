// Keys: loaded at start from variables, files and Vault, refreshed while the service runs, and never shown.
import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { AiClient, AiError, KeyRing, Message, Provider, Secret, type SecretSource } from 'ai-lib'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chatBody, eventually, logLines, metricsOf, paths, post } from '../faults/asking.ts'
import { type RunningService, startService } from '../kit/service.ts'
import { appRoleFor, type RunningVault, startVault } from '../kit/vault.ts'
import { needs } from '../require.ts'

const ping = { model: 'echo', messages: [Message.user('ping')] }
const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))

const certificate = (name: string): string =>
  fileURLToPath(new URL(`../../packages/ai-lib/src/transport/fixtures/${name}`, import.meta.url))

let upstream: Simulator
let folder = ''
const closers: (() => Promise<void> | void)[] = []
beforeEach(async () => {
  upstream = await startSimulator()
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

const lastKey = (): string | undefined => upstream.requests.at(-1)?.headers['authorization']?.replace('Bearer ', '')

interface Setup {
  readonly keys: string
  readonly secrets?: string
  readonly env?: Readonly<Record<string, string>>
}

function yamlOf({ keys, secrets = '' }: Setup): string {
  return `providers: { openai: { baseUrl: "${upstream.url}/v1", private: true, keys: ${keys} } }\n${secrets}\n`
}

async function serve(setup: Setup): Promise<RunningService> {
  const service = await startService({ yaml: yamlOf(setup), env: setup.env ?? {} })
  closers.push(() => service.stop())
  return service
}

const ask = (service: RunningService) => post(service.url, paths.openai, chatBody('openai/echo'))

/** Asks until the provider sees this key. */
async function sees(service: RunningService, key: string): Promise<void> {
  await eventually(async () => {
    expect((await ask(service)).status).toBe(200)
    return lastKey() === key
  }, `requests come with ${key}`)
}

/** Runs a command against a configuration that may be wrong. */
function run(command: string, setup: Setup): Promise<{ readonly code: number; readonly text: string }> {
  const config = join(folder, 'ai-service.yaml')
  writeFileSync(config, `server: { port: 0, metrics: { port: 0 }, admin: { port: 0 } }\n${yamlOf(setup)}`)
  const env = { PATH: process.env['PATH'] ?? '', ...setup.env }
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, command, '--config', config], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: `${stdout}${stderr}` }),
    )
  })
}

describe('the library', () => {
  test('takes the key from the environment, or else from a vault of one’s own', async () => {
    const vault: SecretSource = { name: 'my vault', read: async () => Promise.resolve(new Secret('sk-from-my-vault')) }
    const client = new AiClient(Provider.OpenAI, {
      baseUrl: `${upstream.url}/v1`,
      apiKey: process.env['NO_SUCH_VARIABLE'] ?? vault,
    })
    await client.chatCompletion(ping)
    expect(lastKey()).toBe('sk-from-my-vault')
    await client.close()
  })

  test('a source that has nothing yet fails the request, not the process, and is asked again', async () => {
    let value = ''
    const ring = new KeyRing({ name: 'slow vault', read: () => value })
    const client = new AiClient(Provider.OpenAI, { baseUrl: `${upstream.url}/v1`, apiKey: ring })
    await expect(client.chatCompletion(ping)).rejects.toMatchObject({ code: 'service_not_configured' })
    value = 'sk-there-at-last'
    await ring.refresh()
    await client.chatCompletion(ping)
    expect(lastKey()).toBe('sk-there-at-last')
    ring.close()
    await client.close()
  })

  test('shows no key: clients, options, rings, errors and their stacks', async () => {
    const value = 'sk-canary-0123456789abcdef'
    const ring = new KeyRing([{ name: 'live', secret: { read: () => value }, initial: new Secret(value) }])
    const options = { baseUrl: `${upstream.url}/v1`, apiKey: new Secret(value), maxRetries: 0 }
    const clients = [
      new AiClient(Provider.OpenAI, options),
      new AiClient(Provider.OpenAI, { ...options, apiKey: ring }),
      new AiClient(Provider.OpenAI, { ...options, apiKey: value }),
    ]
    upstream.setDefault({ kind: 'status', status: 401 })
    const errors = await Promise.all(
      clients.map((client) =>
        client.chatCompletion(ping).then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    )
    expect(errors.every((error) => error instanceof AiError)).toBe(true)
    expect(lastKey()).toBe(value)
    for (const thing of [...clients, ...errors, ring, ring.states(), options]) {
      const stack = thing instanceof Error ? (thing.stack ?? '') : ''
      for (const text of [JSON.stringify(thing), inspect(thing, { depth: 20, showHidden: true }), String(thing), stack])
        expect(text).not.toContain('canary')
    }
    ring.close()
  })
})

describe('the service', () => {
  test('loads variables and files at start, and says where keys come from without showing one', async () => {
    writeFileSync(join(folder, 'key'), 'sk-from-a-file-0123456789\n')
    const keys = `[ { name: a, secret: env:A_KEY }, { name: b, secret: "file:${join(folder, 'key')}" } ]`
    const setup = { keys, env: { A_KEY: 'sk-from-a-variable-0123456789' } }
    const service = await serve(setup)
    await sees(service, 'sk-from-a-variable-0123456789')
    await sees(service, 'sk-from-a-file-0123456789')
    const checked = await run('check', setup)
    expect(checked.code).toBe(0)
    expect(checked.text).toContain(`with file:${join(folder, 'key')}`)
    expect(`${checked.text}${service.output()}`).not.toMatch(/sk-from-a/)
  })

  test('a file that changes is noticed while requests run', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'sk-first-0123456789')
    const service = await serve({ keys: `[ { secret: "file:${file}" } ]` })
    await sees(service, 'sk-first-0123456789')
    writeFileSync(file, 'sk-second-0123456789\n')
    await sees(service, 'sk-second-0123456789')
    expect(service.output()).not.toMatch(/sk-(first|second)/)
  })

  test('a mounted Kubernetes secret is noticed: the swap of the ..data link', async () => {
    const mount = (version: string, value: string): void => {
      mkdirSync(join(folder, `..${version}`))
      writeFileSync(join(folder, `..${version}`, 'openai'), value)
      symlinkSync(`..${version}`, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    mount('2026_01', 'sk-january-0123456789')
    symlinkSync(join('..data', 'openai'), join(folder, 'openai'))
    // Only the watch of the folder can be this quick: looking at the file itself is an hour away.
    const secrets = 'secrets: { files: { poll: 1h } }'
    const service = await serve({ keys: `[ { secret: "file:${join(folder, 'openai')}" } ]`, secrets })
    await sees(service, 'sk-january-0123456789')
    mount('2026_02', 'sk-february-0123456789')
    await sees(service, 'sk-february-0123456789')
  })

  test('a file that is emptied or gone: the last good value stays, until it is too old', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'sk-good-0123456789')
    const secrets = 'secrets: { files: { poll: 50ms, maxAge: 2s } }'
    const service = await serve({ keys: `[ { name: main, secret: "file:${file}" } ]`, secrets })
    writeFileSync(file, '\n')
    await eventually(() => service.output().includes('could not be read anew'), 'a warning is logged')
    expect((await ask(service)).status).toBe(200)
    unlinkSync(file)
    expect(logLines(service).find(({ reason }) => String(reason).includes('is empty'))).toMatchObject({
      level: 'warn',
      provider: 'openai',
      key: 'main',
    })
    await eventually(async () => (await ask(service)).status === 502, 'the key is out')
    expect(await metricsOf(service)).toMatch(/^ai_provider_key_state\{provider="openai",key="main"\} 5$/m)
    expect((await post(service.url, '/v1/chat/completions', chatBody('openai/echo'))).error.code).toBe(
      'provider_key_refused',
    )
    writeFileSync(file, 'sk-good-0123456789')
    await eventually(async () => (await ask(service)).status === 200, 'the key is back')
  })

  test('a line break in a new value does not take the place of one that works', async () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'sk-good-0123456789')
    const service = await serve({ keys: `[ { secret: "file:${file}" } ]` })
    writeFileSync(file, 'sk-good\nx-evil: 1\n')
    await eventually(() => service.output().includes('holds a blank, line break'), 'a warning is logged')
    await ask(service)
    expect(lastKey()).toBe('sk-good-0123456789')
  })

  test.each([
    ['an unreadable file', 'file:/no/such/file', /providers\.openai\.keys\.0\.secret: .*ENOENT/],
    ['a folder', 'file:/tmp', /is not a file/],
    ['an unset variable', 'env:NO_SUCH_VARIABLE', /env:NO_SUCH_VARIABLE is not set/],
    ['an empty variable', 'env:EMPTY', /env:EMPTY is empty/],
    ['no Vault configured', 'vault:kv/a#b', /needs secrets\.vault\.address, or VAULT_ADDR/],
    ['another secret manager', 'aws-sm:name#field', /not available in this version.*aws-sm/],
    ['a literal', 'sk-literal-0123456789', /found a literal of 21 characters/],
  ])('%s stops the start with 78 and says where and what to do', async (_, reference, said) => {
    const { code, text } = await run('start', { keys: `[ { secret: "${reference}" } ]`, env: { EMPTY: '' } })
    expect(code).toBe(78)
    expect(text).toMatch(said)
    expect(text).not.toContain('sk-literal')
  })

  test.each([
    ['403', 403, /Vault denies it \(403\)/],
    ['404', 404, /Vault has no such secret/],
    ['500', 500, /Vault has an error of its own \(500\)/],
    ['503', 503, /Vault is sealed or in maintenance \(503\)/],
    ['garbage', 200, /none of KV version 2/],
  ])('F46 a Vault that answers with %s stops the start with 78', async (_, status, said) => {
    const server = createServer((_request, response) => {
      response.writeHead(status)
      response.end('<html>Tomcat</html>')
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    closers.push(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { code, text } = await run('start', {
      keys: '[ { secret: "vault:kv/a#b" } ]',
      env: { VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: 'hvs.canary-0123456789' },
    })
    expect(code).toBe(78)
    expect(text).toMatch(said)
    expect(text).not.toContain('canary')
  })
})

needs('vault-dev')('the service with a real Vault', () => {
  let vault: RunningVault
  beforeEach(async () => {
    vault = await startVault()
    closers.push(() => vault.stop())
    await vault.write('openai', { key: 'sk-vault-one-0123456789' })
  })
  const keys = '[ { name: main, secret: "vault:secret/openai#key" } ]'
  const withVault = (auth: string, more = ''): string =>
    `secrets: { vault: { address: "${vault.address}", refresh: 100ms, ${more} auth: ${auth} } }`

  test('reads with a token, and takes a new value over while requests run', async () => {
    const service = await serve({ keys, env: { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.rootToken } })
    await sees(service, 'sk-vault-one-0123456789')
    await vault.write('openai', { key: 'sk-vault-two-0123456789' })
    // Every five minutes by default: a signal is quicker.
    service.signal('SIGHUP')
    await sees(service, 'sk-vault-two-0123456789')
    expect(service.output()).not.toMatch(/sk-vault|root-token/)
  })

  test('AppRole: tokens of one second are renewed, and a revoked one is replaced by a login', async () => {
    const { roleId, secretId } = await appRoleFor(vault, 'openai', '1s')
    writeFileSync(join(folder, 'secret-id'), `${secretId}\n`)
    const auth = `{ appRole: { roleId: env:ROLE_ID, secretId: "file:${join(folder, 'secret-id')}" } }`
    const service = await serve({ keys, secrets: withVault(auth), env: { ROLE_ID: roleId } })
    await sees(service, 'sk-vault-one-0123456789')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await vault.write('openai', { key: 'sk-vault-two-0123456789' })
    await sees(service, 'sk-vault-two-0123456789')
    await vault.ask('POST', 'sys/leases/revoke-prefix/auth/approle/login', {})
    await vault.write('openai', { key: 'sk-vault-three-0123456789' })
    await sees(service, 'sk-vault-three-0123456789')
    expect(service.output()).not.toContain('could not be read anew')
    expect(service.output()).not.toContain(secretId)
  })

  test('Kubernetes: logs in with the service account’s token', async () => {
    const reviewed: string[] = []
    const cluster = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        const { spec } = JSON.parse(body) as { spec: { token: string } }
        reviewed.push(spec.token)
        response.setHeader('content-type', 'application/json')
        const user = { username: 'system:serviceaccount:ai:ai-service', uid: 'u1', groups: [] }
        response.statusCode = 201
        response.end(
          JSON.stringify({
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            status: { authenticated: true, user },
          }),
        )
      })
    })
    await new Promise<void>((resolve) => void cluster.listen(0, '127.0.0.1', resolve))
    closers.push(() => void cluster.close())
    const { port } = cluster.address() as AddressInfo
    await vault.ask('PUT', 'sys/policies/acl/reader', {
      policy: 'path "secret/data/openai" { capabilities = ["read"] }',
    })
    await vault.ask('POST', 'auth/kubernetes/config', {
      kubernetes_host: `http://127.0.0.1:${port}`,
      token_reviewer_jwt: serviceAccountToken(),
      disable_local_ca_jwt: true,
    })
    await vault.ask('POST', 'auth/kubernetes/role/service', {
      bound_service_account_names: 'ai-service',
      bound_service_account_namespaces: 'ai',
      token_policies: 'reader',
      token_ttl: '1h',
    })
    const token = serviceAccountToken()
    writeFileSync(join(folder, 'token'), token)
    const auth = `{ kubernetes: { role: service, jwt: "file:${join(folder, 'token')}" } }`
    const service = await serve({ keys, secrets: withVault(auth) })
    await sees(service, 'sk-vault-one-0123456789')
    expect(reviewed).toContain(token)
  })

  test('F46 a Vault that is sealed or gone: keys go on working, until they are too old', async () => {
    const auth = '{ token: env:TOKEN }'
    const secrets = withVault(auth, 'maxAge: 2s,')
    const service = await serve({ keys, secrets, env: { TOKEN: vault.rootToken } })
    await sees(service, 'sk-vault-one-0123456789')
    await vault.seal()
    await eventually(() => service.output().includes('is sealed or in maintenance'), 'a warning is logged')
    expect((await ask(service)).status).toBe(200)
    await vault.stop()
    await eventually(async () => (await ask(service)).status === 502, 'the key is out')
    await eventually(
      () => service.output().includes('has not been readable for longer than maxAge'),
      'the log says why',
    )
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200)
  })

  test('a Vault behind a certificate of the company’s own is trusted by ca, and not without', async () => {
    const caFile = certificate('ca.pem')
    const ca = readFileSync(caFile, 'utf8')
    const secure = await startVault({
      certFile: certificate('localhost.pem'),
      keyFile: certificate('localhost.key'),
      ca,
    })
    closers.push(() => secure.stop())
    await secure.write('openai', { key: 'sk-secure-0123456789' })
    const vaultWith = (ca: string): string =>
      `secrets: { vault: { address: "${secure.address}", ${ca} auth: { token: env:TOKEN } } }`
    const env = { TOKEN: secure.rootToken }
    const without = await run('check', { keys, secrets: vaultWith(''), env })
    expect(without.code).toBe(78)
    expect(without.text).toMatch(/TLS fails; a company’s own certificate goes into secrets\.vault\.ca/)
    const trusted = { keys, secrets: vaultWith(`ca: "${caFile}",`), env }
    await sees(await serve(trusted), 'sk-secure-0123456789')
    const looked = await run('doctor', trusted)
    expect(looked.text).toMatch(/ok +vault 127\.0\.0\.1:\d+: 1 provider key read, login by token/)
  })

  test.each([
    ['a token that is no good', 'vault:secret/openai#key', 'wrong-token', /Vault denies it \(403\)/],
    ['a secret that is not there', 'vault:secret/nothing#key', undefined, /Vault has no such secret/],
    ['a field that is not there', 'vault:secret/openai#other', undefined, /the secret has no field other/],
    ['a mount that is not there', 'vault:kv/openai#key', undefined, /Vault has no such secret|denies it/],
  ])('%s stops the start with 78', async (_, reference, token, said) => {
    const env = { VAULT_ADDR: vault.address, VAULT_TOKEN: token ?? vault.rootToken }
    const { code, text } = await run('start', { keys: `[ { secret: "${reference}" } ]`, env })
    expect(code).toBe(78)
    expect(text).toMatch(said)
    expect(text).not.toMatch(/wrong-token|root-token/)
  })
})

/** Three parts that read as a JSON Web Token of a service account; the cluster of the test takes any. */
function serviceAccountToken(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:ai:ai-service',
    'kubernetes.io': { namespace: 'ai', serviceaccount: { name: 'ai-service', uid: 'u1' } },
    exp: Math.floor(Date.now() / 1_000) + 3_600,
    iat: Math.floor(Date.now() / 1_000),
  }
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${Buffer.alloc(256, 1).toString('base64url')}`
}
