// A real Prometheus on a free port, with the project's own configuration and rules at a pace that a test can wait for.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { programPath } from '../require.ts'
import { freePort } from './service.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Target {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

export interface PrometheusServer {
  /** The samples that an expression has now. @throws where it is none. */
  query(expression: string): Promise<readonly Sample[]>
  stop(): Promise<void>
}

export interface PrometheusSetup {
  /** The whole configuration; its rules are in `rules/`, its targets in `targets/`. */
  readonly config: unknown
  readonly rules: unknown
  readonly targets: readonly Target[]
}

export async function startPrometheus({ config, rules, targets }: PrometheusSetup): Promise<PrometheusServer> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  for (const name of ['rules', 'targets']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
  writeFileSync(join(folder, 'rules', 'ai-service.yaml'), stringify(rules))
  writeFileSync(join(folder, 'targets', 'all.json'), JSON.stringify(targets))
  const port = await freePort()
  const options = {
    'config.file': join(folder, 'prometheus.yaml'),
    'storage.tsdb.path': join(folder, 'data'),
    'web.listen-address': `127.0.0.1:${port}`,
    'log.level': 'warn',
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const child = spawn(programPath('prometheus') ?? '', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  const untilMs = Date.now() + 20_000
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > untilMs) throw new Error(`Prometheus did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    query: (expression) => query(url, expression),
    async stop() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok
  } catch {
    return false // It does not listen yet.
  }
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly resultType: string
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[]
  }
}

async function query(url: string, expression: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  })
  const { status, error, data } = (await response.json()) as Answer
  if (status !== 'success' || data?.resultType !== 'vector') throw new Error(`${expression}: ${error ?? 'no vector'}`)
  return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }))
}
