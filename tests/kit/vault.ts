// A real Vault in memory (tools/vault-dev) on a free port, and what an operator would do with it.
import { spawn } from 'node:child_process'
import http from 'node:http'
import https from 'node:https'
import { programPath } from '../require.ts'

export interface RunningVault {
  readonly address: string
  readonly rootToken: string
  /** A version of secret/`path`. */
  write(path: string, fields: Readonly<Record<string, string>>): Promise<void>
  /** Any request as root; the body of the answer. @throws where Vault refuses it. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Lets nobody read until it is unsealed, which nobody can: the share is not told. */
  seal(): Promise<void>
  stop(): Promise<void>
}

export interface VaultTls {
  readonly certFile: string
  readonly keyFile: string
  /** What the test itself trusts. */
  readonly ca: string
}

export async function startVault(tls?: VaultTls): Promise<RunningVault> {
  const program = programPath('vault-dev')
  if (program === undefined) throw new Error('vault-dev is not built')
  const rootToken = 'root-token-0123456789'
  const options = tls ? ['-cert', tls.certFile, '-key', tls.keyFile] : []
  const child = spawn(program, ['-token', rootToken, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const host = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /^listening (\S+)$/m.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    void exited.then(() => reject(new Error(`vault-dev ended: ${text}`)))
  })
  const address = `${tls ? 'https' : 'http'}://${host}`
  const ask: RunningVault['ask'] = async (method, path, body) => {
    const { status, text } = await send(`${address}/v1/${path}`, method, rootToken, body, tls?.ca)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
  return {
    address,
    rootToken,
    ask,
    write: async (path, fields) => void (await ask('POST', `secret/data/${path}`, { data: fields })),
    seal: async () => void (await ask('PUT', 'sys/seal')),
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** A policy that may read secret/`path`, and an AppRole with it whose tokens live `ttl`. */
export async function appRoleFor(vault: RunningVault, path: string, ttl: string) {
  await vault.ask('PUT', 'sys/policies/acl/reader', {
    policy: `path "secret/data/${path}" { capabilities = ["read"] }`,
  })
  await vault.ask('POST', 'auth/approle/role/service', {
    token_policies: 'reader',
    token_ttl: ttl,
    token_max_ttl: '1h',
  })
  const role = await vault.ask('GET', 'auth/approle/role/service/role-id')
  const secret = await vault.ask('POST', 'auth/approle/role/service/secret-id', {})
  return { roleId: fieldOf(role, 'role_id'), secretId: fieldOf(secret, 'secret_id') }
}

function fieldOf(answer: Record<string, unknown>, name: string): string {
  const data = answer['data'] as Record<string, unknown>
  return String(data[name])
}

// `fetch` trusts no certificate of one's own.
function send(url: string, method: string, token: string, body: unknown, ca: string | undefined) {
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const request = (url.startsWith('https') ? https : http).request(url, {
      method,
      headers: { 'x-vault-token': token },
      ...(ca === undefined ? {} : { ca }),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
