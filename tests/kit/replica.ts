// A replica as Kubernetes runs it: the configuration of the manifests, secrets mounted at their path, preStop before SIGTERM.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { isRecord } from '../faults/asking.ts'
import { needsThat } from '../require.ts'
import { createVolume, type KubeletVolume } from './kubelet-volume.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifests = join(root, 'deploy', 'kubernetes', 'base')

/** Mounts of its own are what puts secrets where the manifests put them; elsewhere suites with pods are skipped. */
export const needsMounts = needsThat(canMount(), {
  need: 'mount namespaces',
  enable: 'run as root, or where unprivileged user namespaces are allowed',
})

export interface ReplicaSetup {
  /** Default that of the manifests, which only a network of its own has free. */
  readonly port?: number
  /** Default none, and that of the manifests in a network of its own. */
  readonly metricsPort?: number
  /** Where the provider is, in place of OpenAI. */
  readonly upstream?: string
  readonly env?: Readonly<Record<string, string>>
  /** What `/run/secrets/ai-service` is; several pods may share one, as they share a secret. */
  readonly secrets: KubeletVolume
  /** In place of the configuration of the manifests; for a network of its own. */
  readonly text?: string
  /** Settings laid over that configuration. */
  readonly server?: Readonly<Record<string, unknown>>
  /** Loopback of its own, so that ports are those of the manifests; `ask` reaches it. */
  readonly ownNetwork?: boolean
  /** The package to run, where it is another build. */
  readonly build?: string
}

export interface RunningReplica {
  readonly url: string
  readonly metricsUrl: string
  readonly config: KubeletVolume
  readonly exited: Promise<number | null>
  output(): string
  isReady(): Promise<boolean>
  /** @throws with what it wrote, where it ends or takes too long. */
  untilReady(): Promise<void>
  /** What an address inside its network answers; the empty text where nothing does. */
  ask(url: string): string
  /** As the deletion of a pod: preStop, SIGTERM, and the exit code. */
  terminate(preStopMs: number): Promise<number | null>
  /** Ends it at once; for the end of a test. */
  stop(): Promise<void>
}

export function startReplica(setup: ReplicaSetup): RunningReplica {
  const home = mkdtempSync(join(tmpdir(), 'ai-service-pod-'))
  const config = createVolume(join(home, 'config'), { 'ai-service.yaml': configOf(setup) })
  const { port = 8080, metricsPort = 0, secrets, env = {}, build = join(root, 'packages', 'ai-service') } = setup
  const flags = [...mountFlags(), ...(setup.ownNetwork ? ['--net'] : [])]
  // A folder of one's own for everything that the pod mounts; nothing of it is seen outside, and it ends with the process.
  const script =
    (setup.ownNetwork ? 'ip link set lo up && ' : '') +
    'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && mkdir -p /run/secrets/ai-service /var/lib/ai-service && ' +
    'mount --bind -o ro "$1" /run/secrets/ai-service && exec "$2" "$3" start --config "$4"'
  const program = join(build, 'bin', 'ai-service.js')
  const args = [secrets.folder, process.execPath, program, join(config.folder, 'ai-service.yaml')]
  const child = spawn('unshare', [...flags, 'sh', '-c', script, 'pod', ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let isOver = false
  void exited.then(() => {
    isOver = true
    rmSync(home, { recursive: true, force: true })
  })
  const output = collect(child)
  const url = `http://127.0.0.1:${port}`
  const isReady = () => askReady(url)
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    config,
    exited,
    output,
    isReady,
    async untilReady() {
      const deadline = Date.now() + 60_000
      while (!(await isReady())) {
        if (isOver || Date.now() > deadline) throw new Error(`The pod did not become ready:\n${output()}`)
        await sleep(20)
      }
    },
    ask: (address) =>
      spawnSync('nsenter', ['-t', String(child.pid), '-n', 'curl', '-s', address], { encoding: 'utf8' }).stdout,
    async terminate(preStopMs) {
      await sleep(preStopMs)
      child.kill('SIGTERM')
      return exited
    },
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The configuration of the manifests with ports and addresses of this machine, and an upstream of the test's. */
function configOf({ port, metricsPort = 0, upstream, server, text, ownNetwork }: ReplicaSetup): string {
  const written = text ?? readFileSync(join(manifests, 'ai-service.yaml'), 'utf8')
  if (ownNetwork) return written
  const base: unknown = parse(written)
  if (!isRecord(base) || !isRecord(base['server'])) throw new Error('the manifests have no configuration')
  const host = '127.0.0.1'
  return stringify({
    ...base,
    server: { ...base['server'], host, port, metrics: { host, port: metricsPort }, ...server },
    ...(upstream === undefined ? {} : { providers: { openai: { baseUrl: `${upstream}/v1`, private: true } } }),
  })
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}

async function askReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false // Not listening yet, or no more.
  }
}

function mountFlags(): readonly string[] {
  return process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
}

function canMount(): boolean {
  if (!existsSync('/usr/bin/unshare')) return false
  return spawnSync('unshare', [...mountFlags(), 'mount', '-t', 'tmpfs', 'tmpfs', '/run']).status === 0
}
