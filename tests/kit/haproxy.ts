// A HAProxy of the test's own before the replicas: it takes who answers its checks, and tries nobody a second time.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programPath } from '../require.ts'
import { freePort } from './service.ts'

export interface LoadBalancer {
  readonly url: string
  /** Which replicas it sends requests to at present: `r0`, `r1`, … */
  up(): Promise<readonly string[]>
  /** What it logged about requests that it could not pass on, and about replicas that came and went; for messages. */
  troubles(): string
  stop(): Promise<void>
}

/** `retries 0` and no redispatch: as the endpoints of a Kubernetes Service, it mends nothing that a replica breaks. */
export async function startHaproxy(ports: readonly number[]): Promise<LoadBalancer> {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'))
  const [front, stats] = [await freePort(), await freePort()]
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, configuration(front, stats, ports))
  const child = spawn(programPath('haproxy') ?? 'haproxy', ['-db', '-q', '-f', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const logged: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => {
    logged.push(
      ...chunk
        .toString()
        .split('\n')
        .filter((line) => / 50[0-9] | is (UP|DOWN)/.test(line)),
    )
    logged.splice(0, logged.length - 100)
  })
  await listening(child, `http://127.0.0.1:${stats}/;csv`)
  return {
    url: `http://127.0.0.1:${front}`,
    async up() {
      const response = await fetch(`http://127.0.0.1:${stats}/;csv`, { headers: { connection: 'close' } })
      const rows = (await response.text()).split('\n').map((line) => line.split(','))
      const status = rows[0]?.indexOf('status') ?? -1
      return rows
        .filter((row) => row[0] === 'replicas' && /^r\d+$/.test(row[1] ?? '') && row[status]?.startsWith('UP'))
        .map(([, name = '']) => name)
    },
    troubles: () => logged.join('\n'),
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(front: number, stats: number, ports: readonly number[]): string {
  return `
global
  maxconn 4000
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  retries 0
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  # Only a red answer or a closed port is bad news: on a busy machine a green one may be late.
  timeout check 10s
frontend clients
  bind 127.0.0.1:${front}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /health/ready
  http-check expect status 200
  default-server check inter 100ms fastinter 100ms downinter 100ms fall 2 rise 1
${ports.map((port, at) => `  server r${at} 127.0.0.1:${port}`).join('\n')}
listen stats
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /
`
}

async function listening(child: ChildProcess, url: string): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) break
    try {
      const response = await fetch(url)
      await response.body?.cancel()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  child.kill('SIGKILL')
  throw new Error(`HAProxy did not start: ${said}`)
}
