// Runs a tree as a container would be run, without an engine: process 1 as a numeric user, a read-only root, bounds by cgroup.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Missing, programPath } from '../require.ts'
import { type Bounds, type Cgroup, cgroupsWork, createCgroup } from './cgroup.ts'
import type { CommandResult } from './command.ts'
import { checkout, type ImageConfig } from './image.ts'
import { freePort } from './service.ts'

/** What a container of half a core and 512 MB is bounded by. */
export const small: Bounds = { memoryBytes: 512 * 1024 * 1024, cores: 0.5 }

export const containersWork = process.getuid?.() === 0 && cgroupsWork && programPath('unshare') !== undefined
export const containersMissing: Missing = {
  need: 'containers without an engine',
  enable: 'run as root on Linux with unshare and writable control groups (memory, cpu)',
}

const mostSaid = 1024 * 1024

export interface ContainerSetup {
  readonly rootfs: string
  readonly image: ImageConfig
  readonly env?: Readonly<Record<string, string>>
  /** Files under /etc/ai-service. */
  readonly config?: Readonly<Record<string, string>>
  /** Files under /run/secrets/ai-service. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Memory counts for the bound of memory, a disk does not. `none`: nothing is mounted where data belongs. */
  readonly data?: 'tmpfs' | 'disk' | 'none'
  readonly bounds?: Bounds
  /** In place of the image's command. */
  readonly command?: readonly string[]
}

export interface Container {
  readonly url: string
  readonly metricsUrl: string
  /** Of process 1, as this machine counts. */
  readonly pid: number
  readonly cgroup: Cgroup
  /** What it printed; of much, the end. */
  output(): string
  /** Waits until it logs that it listens. @throws where it ends before. */
  listening(): Promise<void>
  /** Runs a program inside, as the image's user. */
  exec(program: readonly string[]): Promise<CommandResult>
  readonly exited: Promise<number | null>
  signal(name: NodeJS.Signals): void
  stop(): Promise<void>
}

export async function startContainer(setup: ContainerSetup): Promise<Container> {
  const { rootfs, image, env = {}, data = 'tmpfs', bounds = small, command = image.command } = setup
  const mounts = mkdtempSync(join(tmpdir(), 'container-'))
  put(join(mounts, 'etc'), setup.config ?? {}, 0o644)
  put(join(mounts, 'secrets'), setup.secrets ?? {}, 0o444)
  put(join(mounts, 'data'), {}, 0o600)
  const [port, metricsPort] = [await freePort(), await freePort()]
  const cgroup = createCgroup(bounds)
  const contained = join(checkout, 'tests/kit/run-contained.sh')
  const inside = [
    rootfs,
    image.user,
    image.workingFolder,
    mounts,
    data,
    ...cgroup.procs,
    '--',
    ...image.entrypoint,
    ...command,
  ]
  const child = spawn('unshare', ['--mount', '--pid', '--fork', contained, ...inside], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...image.env,
      AI_SERVICE_PORT: String(port),
      AI_SERVICE_METRICS_PORT: String(metricsPort),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let hasListened = false
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      hasListened ||= said.includes('"listening"')
      // A long run prints more than anybody reads.
      if (said.length > 4 * mostSaid) said = said.slice(-mostSaid)
    })
  let isOver = false
  const exited = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      isOver = true
      resolve(code)
    }),
  )
  const pid = await onlyChildOf(child.pid ?? 0, () => isOver)
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    pid,
    cgroup,
    output: () => said,
    async listening() {
      while (!hasListened) {
        if (isOver) throw new Error(`It ended before it listened:\n${said}`)
        await delay(20)
      }
    },
    exec: (program) => enter(pid, image, env, program),
    exited,
    signal: (name) => process.kill(pid, name),
    async stop() {
      if (!isOver) process.kill(pid, 'SIGKILL')
      await exited
      await cgroup.remove()
      rmSync(mounts, { recursive: true, force: true })
    },
  }
}

/** As `docker exec` does it: the same mounts, processes, user and variables. */
function enter(
  pid: number,
  image: ImageConfig,
  env: Readonly<Record<string, string>>,
  [program = '', ...args]: readonly string[],
): Promise<CommandResult> {
  const [uid = '0', gid = uid] = image.user.split(':')
  const into = ['-t', String(pid), '-m', '-p', '-r', '-w', '-S', uid, '-G', gid]
  const variables = Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  const child = spawn('nsenter', [...into, '--', program, ...args], { env: { ...variables, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

/** Process 1 of the new space is the one child of `unshare`. */
async function onlyChildOf(parent: number, isOver: () => boolean): Promise<number> {
  while (!isOver()) {
    const found = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim()
    if (/^\d+$/.test(found)) return Number(found)
    await delay(5)
  }
  return 0
}

function put(folder: string, files: Readonly<Record<string, string>>, mode: number): void {
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text, { mode })
  }
}
