// What stands around a service that keeps its secrets and backups elsewhere: Vault behind a listener that sees tokens, and a webhook.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type RunningVault, startVault } from '../../kit/vault.ts'
import { planted } from './secrets.ts'

export interface SeenVault {
  /** The service's way to it. */
  readonly address: string
  /** Every token that came by. */
  tokens(): readonly string[]
  stop(): Promise<void>
}

/** With the planted provider key at secret/openai#key, and both ways to log in: the planted token, the planted secret id. */
export async function startSeenVault(): Promise<SeenVault & { readonly roleId: string }> {
  const vault = await startVault()
  await vault.write('openai', { key: planted.openaiKey.value })
  const roleId = await plantLogins(vault)
  const tokens = new Set<string>()
  const server = createServer((request, response) => {
    const token = request.headers['x-vault-token']
    if (typeof token === 'string') tokens.add(token)
    void passOn(vault, request).then(({ status, body }) => response.writeHead(status).end(body))
  })
  return {
    address: await listen(server),
    roleId,
    tokens: () => [...tokens],
    async stop() {
      server.close()
      await vault.stop()
    },
  }
}

async function plantLogins(vault: RunningVault): Promise<string> {
  await vault.ask('PUT', 'sys/policies/acl/reader', {
    policy: 'path "secret/data/openai" { capabilities = ["read"] }',
  })
  await vault.ask('POST', 'auth/token/create', { id: planted.vaultToken.value, policies: ['reader'], ttl: '1h' })
  await vault.ask('POST', 'auth/approle/role/canary', { token_policies: 'reader', token_ttl: '1h' })
  await vault.ask('POST', 'auth/approle/role/canary/custom-secret-id', { secret_id: planted.vaultSecretId.value })
  const { data } = await vault.ask('GET', 'auth/approle/role/canary/role-id')
  return String((data as Record<string, unknown>)['role_id'])
}

async function passOn(vault: RunningVault, request: IncomingMessage) {
  const body = await textOf(request)
  const token = request.headers['x-vault-token']
  const answer = await fetch(`${vault.address}${request.url}`, {
    method: request.method ?? 'GET',
    headers: typeof token === 'string' ? { 'x-vault-token': token } : {},
    ...(body === '' ? {} : { body }),
  })
  return { status: answer.status, body: await answer.text() }
}

export interface Receiver {
  readonly url: string
  /** Heads and bodies as they came. */
  text(): string
  close(): void
}

/** The receiver of the webhook of key rotation: it refuses at first, in the words that it was sent. */
export async function startReceiver(): Promise<Receiver> {
  let received = ''
  let refusals = 2
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      received += `${request.method} ${request.url}\n${JSON.stringify(request.headers)}\n${body}\n`
      response.writeHead(refusals-- > 0 ? 503 : 200).end(`${request.url} ${JSON.stringify(request.headers)} ${body}`)
    })
  })
  return {
    url: `${await listen(server)}/hooks/${planted.webhookPath.value}`,
    text: () => received,
    close: () => void server.close(),
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}
