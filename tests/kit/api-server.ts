// A real API server of Kubernetes over a real etcd, without nodes: it admits or refuses objects as a cluster does.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../faults/asking.ts'
import { programPath, type Requirement } from '../require.ts'
import type { Manifest } from './kubernetes.ts'
import { at, list } from './manifest-rules.ts'
import { freePort } from './service.ts'

export const apiServerTools = ['kube-apiserver', 'etcd', 'openssl'] as const satisfies Requirement[]

const customResources = fileURLToPath(new URL('../../tools/bin/custom-resources/', import.meta.url))

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
  /** What it has to say about an object that it takes all the same: deprecations, pod security. */
  readonly warnings: readonly string[]
}

export interface ApiServer {
  readonly url: string
  readonly token: string
  get(path: string): Promise<ApiAnswer>
  /** Creates an object in a namespace; fields that the API does not know are refused. */
  create(manifest: Manifest, namespace?: string, how?: 'dry-run' | 'for-good'): Promise<ApiAnswer>
  /** A namespace that admits restricted pods alone. */
  createNamespace(name: string): Promise<void>
  stop(): Promise<void>
}

export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'api-server-'))
  const token = 'operator-of-the-tests'
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = startEtcd(folder, clients, peers)
  const server = startServer(folder, clients, port, token)
  const url = `https://127.0.0.1:${port}`
  const ask = (method: string, path: string, body?: unknown): Promise<ApiAnswer> =>
    send({ url: `${url}${path}`, method, token, ...(body === undefined ? {} : { body }) })
  const create: ApiServer['create'] = async (manifest, namespace, how = 'for-good') => {
    const query = `?fieldValidation=Strict${how === 'dry-run' ? '&dryRun=All' : ''}`
    return ask('POST', `${await collectionOf(manifest, namespace, ask)}${query}`, manifest)
  }
  const api: ApiServer = {
    url,
    token,
    get: (path) => ask('GET', path),
    create,
    async createNamespace(name) {
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
      must(await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }))
    },
    async stop() {
      for (const child of [server, etcd]) await kill(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await ready(ask, server)
    await addCustomResources(api)
  } catch (thrown) {
    await api.stop()
    throw thrown
  }
  return api
}

function startEtcd(folder: string, clients: number, peers: number): ChildProcess {
  const [client, peer] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`]
  const addresses = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer]
  const cluster = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`]
  return spawn(programPath('etcd') ?? 'etcd', ['--data-dir', join(folder, 'etcd'), ...addresses, ...cluster], {
    stdio: 'ignore',
  })
}

function startServer(folder: string, etcd: number, port: number, token: string): ChildProcess {
  mkdirSync(join(folder, 'certs'))
  const key = join(folder, 'accounts.pem')
  spawnSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' })
  writeFileSync(join(folder, 'tokens.csv'), `${token},operator,operator,system:masters\n`)
  const args = {
    'etcd-servers': `http://127.0.0.1:${etcd}`,
    'bind-address': '127.0.0.1',
    'secure-port': port,
    'cert-dir': join(folder, 'certs'),
    'token-auth-file': join(folder, 'tokens.csv'),
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': key,
    'service-account-signing-key-file': key,
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'RBAC',
  }
  const flags = Object.entries(args).map(([name, value]) => `--${name}=${value}`)
  return spawn(programPath('kube-apiserver') ?? 'kube-apiserver', flags, { cwd: folder, stdio: 'ignore' })
}

type Ask = (method: string, path: string, body?: unknown) => Promise<ApiAnswer>

async function ready(ask: Ask, server: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(100)) {
    if (server.exitCode !== null) throw new Error(`the API server ended with ${server.exitCode}`)
    const answer = await ask('GET', '/readyz').catch(() => undefined) // Not listening yet.
    if (answer?.status === 200) return
  }
  throw new Error('the API server did not become ready')
}

async function addCustomResources(api: ApiServer): Promise<void> {
  for (const name of readdirSync(customResources)) {
    must(await api.create(JSON.parse(readFileSync(join(customResources, name), 'utf8'))))
  }
  const known = async (): Promise<boolean> => {
    const { body } = await api.get('/apis/monitoring.coreos.com/v1')
    return list(at(body, 'resources')).length >= readdirSync(customResources).length
  }
  for (const deadline = Date.now() + 60_000; !(await known()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error('the custom resources were not taken up')
  }
}

/** Where objects of a kind are created, as the server itself describes it. */
async function collectionOf({ apiVersion, kind }: Manifest, namespace: string | undefined, ask: Ask): Promise<string> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { body } = await ask('GET', root)
  const resource = list(at(body, 'resources')).find((one) => one['kind'] === kind && !String(one['name']).includes('/'))
  if (resource === undefined) throw new Error(`the API server has no ${apiVersion} ${kind}`)
  const within = resource['namespaced'] === true ? `/namespaces/${namespace ?? 'default'}` : ''
  return `${root}${within}/${String(resource['name'])}`
}

function must({ status, body }: ApiAnswer): void {
  if (status >= 300) throw new Error(`${status} ${String(at(body, 'message'))}`)
}

function send(parts: { url: string; method: string; token: string; body?: unknown }): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${parts.token}`, 'content-type': 'application/json', connection: 'close' }
    // The certificate is one that the server made for itself just now, on loopback.
    const asked = request(parts.url, { method: parts.method, headers, rejectUnauthorized: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        const warning = response.headers['warning']
        const warnings = (Array.isArray(warning) ? warning : [warning]).filter((each) => each !== undefined)
        resolve({ status: response.statusCode ?? 0, body: bodyOf(text), warnings })
      })
    })
    asked.on('error', reject)
    asked.end(parts.body === undefined ? undefined : JSON.stringify(parts.body))
  })
}

function bodyOf(text: string): unknown {
  if (!text.startsWith('{')) return text
  const body: unknown = JSON.parse(text)
  return isRecord(body) ? body : text
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
