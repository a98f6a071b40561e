// The service with a secret in every place, the upstreams and the proxy behind it, and everything that they could leave a secret in.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createProxy, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Simulator, startSimulator } from 'ai-simulator'
import { isRecord } from '../../faults/asking.ts'
import { type RunningService, startService } from '../../kit/service.ts'
import { startValkey, type ValkeyServer } from '../../kit/valkey.ts'
import { programPath } from '../../require.ts'
import { type Collector, startCollector } from './collector.ts'
import type { Fault } from './faults.ts'
import { planted } from './secrets.ts'

const bin = fileURLToPath(new URL('../../../packages/ai-service/bin/ai-service.js', import.meta.url))

export interface World {
  readonly service: RunningService
  readonly callerKey: string
  /** The configuration without `server:`. */
  readonly yaml: string
  readonly folder: string
  /** Absent where the machine has no redis-server. */
  readonly valkey: ValkeyServer | undefined
  /** Where traces go. */
  readonly collector: Collector
  /** What the upstreams do from now on. */
  setFault(fault: Fault): void
  /** Gives the file of the proxied provider's key its next value, as an operator would. */
  rotate(): void
  /** `Proxy-Authorization` as the proxy last saw it. */
  proxySaw(): string
  /** A command of ours with the same variables; what it printed. */
  run(...args: readonly string[]): string
  stop(): Promise<void>
}

const variables = {
  KEY_OPENAI: planted.openaiKey.value,
  KEY_SECOND: planted.secondKey.value,
  KEY_ANTHROPIC: planted.anthropicKey.value,
  PROXY_PASSWORD: encodeURIComponent(planted.proxyPassword.value),
  PEPPER: planted.pepper.value,
  ADMIN: planted.adminCredential.value,
  BACKUP_KEY: planted.backupKey.value,
  AUDIT_KEY: planted.auditKey.value,
  OTLP_TOKEN: planted.otlpToken.value,
}

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'canary-'))
  mkdirSync(join(folder, 'data'))
  mkdirSync(join(folder, 'store'))
  mkdirSync(join(folder, 'keys'))
  writeFileSync(keyFile(folder), planted.fileKey.value)
  mkdirSync(join(folder, 'backups'))
  let fault: Fault = () => undefined
  const upstreams = await Promise.all([1, 2, 3].map(() => startSimulator({ onRequest: (request) => fault(request) })))
  const proxy = await startTellingProxy()
  const collector = await startCollector()
  const valkey = programPath('redis-server') === undefined ? undefined : await startStore(join(folder, 'store'))
  const env = {
    ...variables,
    SHARED: valkey
      ? `redis://svc:${encodeURIComponent(planted.storePassword.value)}@127.0.0.1:${valkey.port}`
      : 'memory',
  }
  const run = (...args: readonly string[]): string => {
    const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env }, encoding: 'utf8', timeout: 30_000 }
    const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { ...options, encoding: 'utf8' })
    return stdout + stderr
  }
  const withoutKeys = configuration(folder, upstreams, proxy.port, collector.url)
  const { key, hash } = createCallerKey(run, folder, withoutKeys)
  const yaml = `${withoutKeys}auth: { mode: keys, pepper: env:PEPPER, keys: [ { id: k1, hash: "${hash}" } ] }\n`
  const service = await startService({ yaml, env })
  return {
    service,
    callerKey: key,
    yaml,
    folder,
    valkey,
    collector,
    setFault: (next) => {
      fault = next
    },
    rotate: () => {
      writeFileSync(`${keyFile(folder)}.next`, planted.rotatedKey.value)
      renameSync(`${keyFile(folder)}.next`, keyFile(folder))
    },
    proxySaw: proxy.saw,
    run,
    async stop() {
      await service.stop()
      for (const upstream of upstreams) await upstream.close()
      await valkey?.stop()
      proxy.server.close()
      collector.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const keyFile = (folder: string): string => join(folder, 'keys', 'proxied')

function configuration(
  folder: string,
  [one, two, three]: readonly Simulator[],
  proxyPort: number,
  collectorUrl: string,
): string {
  const timeouts = 'timeouts: { head: 500ms, idle: 500ms, total: 2s }'
  return [
    'providers:',
    `  openai:\n    baseUrl: ${one?.url}/v1\n    private: true\n    keys: [ { secret: env:KEY_OPENAI }, { secret: env:KEY_SECOND } ]`,
    `    headers: { X-Gateway-Token: ${planted.headerToken.value} }\n    ${timeouts}`,
    `  anthropic:\n    baseUrl: ${two?.url}\n    private: true\n    keys: [ { secret: env:KEY_ANTHROPIC } ]\n    ${timeouts}`,
    `  proxied:\n    kind: openai-compatible\n    baseUrl: ${three?.url}/v1\n    private: true\n    keys: [ { secret: "file:${keyFile(folder)}" } ]\n    ${timeouts}`,
    `    proxy: "http://user:\${PROXY_PASSWORD}@127.0.0.1:${proxyPort}"`,
    `stores: { database: "sqlite:${join(folder, 'data', 'ai-service.db')}", shared: env:SHARED }`,
    'cache: { enabled: true }',
    `backup: { enabled: true, to: "file:${join(folder, 'backups')}", encrypt: env:BACKUP_KEY }`,
    'audit: { sinks: [ { kind: store }, { kind: stdout } ], signingKey: env:AUDIT_KEY }',
    'telemetry:\n  logs: { level: debug }',
    `  traces: { otlp: "${collectorUrl}", interval: 50ms, headers: { authorization: "Bearer \${OTLP_TOKEN}" } }\n`,
  ].join('\n')
}

function createCallerKey(
  run: World['run'],
  folder: string,
  yaml: string,
): { readonly key: string; readonly hash: string } {
  const config = join(folder, 'create.yaml')
  writeFileSync(config, `${yaml}auth: { mode: keys, pepper: env:PEPPER, keys: [] }\n`)
  const printed = run('keys', 'create', '--config', config, '--id', 'k1', '--json')
  const created: unknown = JSON.parse(printed.split('\n')[0] ?? '')
  if (!isRecord(created) || !isRecord(created['entry'])) throw new Error(`No key was created: ${printed}`)
  return { key: String(created['key']), hash: String(created['entry']['hash']) }
}

/** Whoever speaks to it without CONNECT is told the password, as some proxies do. */
async function startTellingProxy(): Promise<{ readonly server: Server; readonly port: number; saw(): string }> {
  let saw = ''
  const server = createProxy((request, response) => {
    saw = request.headers['proxy-authorization'] ?? ''
    response.writeHead(407, { 'content-type': 'text/plain' }).end(`denied: ${saw} ${planted.proxyPassword.value}`)
  })
  server.on('connect', (request, socket) => {
    saw = request.headers['proxy-authorization'] ?? ''
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host ?? '', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0, saw: () => saw }
}

/** The service has a user with a password; the test looks into it without one. */
function startStore(folder: string): Promise<ValkeyServer> {
  const user = ['--user', 'svc', 'on', `>${planted.storePassword.value}`, '~*', '&*', '+@all']
  return startValkey(...user, '--dir', folder, '--rdbcompression', 'no')
}

/** Every file below a folder, names and bytes, databases and their journals as they lie there. */
export function filesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name}\n${readFileSync(join(parentPath, name), 'latin1')}`)
    .join('\n')
}
