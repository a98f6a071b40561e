// Starts the built service as its own process, the way an operator does, on free ports and with a config of the test's.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cgroup } from './cgroup.ts'

const bin = fileURLToPath(new URL('../../packages/ai-service/bin/ai-service.js', import.meta.url))

export interface RunningService {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly metricsUrl: string
  readonly pid: number
  /** Where its configuration lies; it is gone once the service was stopped. */
  readonly folder: string
  /** Everything written to stdout and stderr so far. */
  output(): string
  /** From now on nobody reads what it writes. */
  stopReading(): void
  signal(name: NodeJS.Signals): void
  /** The exit code, once it has ended. */
  readonly exited: Promise<number | null>
  stop(): Promise<void>
}

export interface ServiceSetup {
  /** YAML without `server:`; the kit adds listeners on free ports. */
  readonly yaml: string
  /** Further lines under `server:`, indented by two. */
  readonly server?: string
  /** Default `0s`. */
  readonly drainDelay?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default free ones: for a start in the place of a service that is gone. */
  readonly ports?: readonly [data: number, metrics: number]
  /** Where it runs with bounds. */
  readonly cgroup?: Pick<Cgroup, 'procs'>
}

// A service that a test has killed is not stopped, and its folder is looked into afterwards.
const left = new Set<string>()
process.once('exit', () => {
  for (const folder of left) rmSync(folder, { recursive: true, force: true })
})

export async function startService({
  yaml,
  server = '',
  drainDelay = '0s',
  env = {},
  ports,
  cgroup,
}: ServiceSetup): Promise<RunningService> {
  const folder = mkdtempSync(join(tmpdir(), 'ai-service-test-'))
  const [port, metricsPort] = ports ?? [await freePort(), await freePort()]
  const config = join(folder, 'ai-service.yaml')
  const listeners = `server:\n  port: ${port}\n  metrics: { port: ${metricsPort} }\n  admin: { port: 0 }\n  drainDelay: ${drainDelay}\n${server}\n`
  writeFileSync(config, `${listeners}${yaml}\n`)
  // It is inside before it starts: the bounds are read then.
  const enter = (cgroup?.procs ?? []).map((file) => `echo 0 >${file} && `).join('')
  const [program, first] = cgroup ? ['sh', ['-c', `${enter}exec "$@"`, 'sh', process.execPath]] : [process.execPath, []]
  const child = spawn(program, [...first, bin, 'start', '--config', config], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child)
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  left.add(folder)
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true })
    left.delete(folder)
  }
  await listening(child, output, exited).catch((thrown: unknown) => {
    remove()
    throw thrown
  })
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    pid: child.pid ?? 0,
    folder,
    output,
    stopReading: () => void child.stdout.pause(),
    signal: (name) => child.kill(name),
    exited,
    async stop() {
      child.kill('SIGTERM')
      // A second one ends a drain at once.
      const hurry = setTimeout(() => child.kill('SIGTERM'), 1_000)
      await exited
      clearTimeout(hurry)
      remove()
    },
  }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return () => text
}

async function listening(child: ChildProcess, output: () => string, exited: Promise<number | null>): Promise<void> {
  const deadline = Date.now() + 15_000
  let ended = false
  void exited.then(() => {
    ended = true
  })
  while (!output().includes('"listening"')) {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`The service did not start:\n${output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
