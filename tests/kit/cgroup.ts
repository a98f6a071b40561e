// A control group with so much memory and so much of a core, as containers have; version 1 and 2, where this machine lets us.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface Bounds {
  readonly memoryBytes: number
  /** Of one core. */
  readonly cores: number
}

export interface Cgroup {
  /** A process that writes 0 into each of these is inside. */
  readonly procs: readonly string[]
  /** Processes that the kernel killed for want of memory. */
  oomKills(): number
  /** Periods in which the share of the core was used up. */
  throttled(): number
  /** Waits until nobody is inside. */
  remove(): Promise<void>
}

const mount = '/sys/fs/cgroup'
const periodUs = 100_000

/** Whether bounds can be set here: as root, in either version. */
export const cgroupsWork = canWrite()

export function createCgroup(bounds: Bounds): Cgroup {
  const name = `ai-service-${process.pid}-${Math.random().toString(36).slice(2)}`
  const unified = unifiedRoot()
  return unified === undefined ? createFirst(name, bounds) : createSecond(join(unified, name), bounds)
}

function createFirst(name: string, { memoryBytes, cores }: Bounds): Cgroup {
  const [memory, cpu] = [join(mount, 'memory', name), join(mount, 'cpu', name)]
  for (const folder of [memory, cpu]) mkdirSync(folder)
  writeFileSync(join(memory, 'memory.limit_in_bytes'), String(memoryBytes))
  writeFileSync(join(cpu, 'cpu.cfs_period_us'), String(periodUs))
  writeFileSync(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(cores * periodUs)))
  return {
    procs: [memory, cpu].map((folder) => join(folder, 'cgroup.procs')),
    oomKills: () => figure(join(memory, 'memory.oom_control'), 'oom_kill'),
    throttled: () => figure(join(cpu, 'cpu.stat'), 'nr_throttled'),
    remove: () => removeAll([memory, cpu]),
  }
}

function createSecond(folder: string, { memoryBytes, cores }: Bounds): Cgroup {
  mkdirSync(folder)
  writeFileSync(join(folder, 'memory.max'), String(memoryBytes))
  writeFileSync(join(folder, 'cpu.max'), `${Math.round(cores * periodUs)} ${periodUs}`)
  return {
    procs: [join(folder, 'cgroup.procs')],
    oomKills: () => figure(join(folder, 'memory.events'), 'oom_kill'),
    throttled: () => figure(join(folder, 'cpu.stat'), 'nr_throttled'),
    remove: () => removeAll([folder]),
  }
}

/** The root of version 2, where it has memory and processor time to give. */
function unifiedRoot(): string | undefined {
  const file = join(mount, 'cgroup.subtree_control')
  if (!existsSync(file)) return undefined
  try {
    writeFileSync(file, '+memory +cpu')
    return mount
  } catch {
    return undefined // Not ours to divide, or the controllers belong to version 1.
  }
}

function canWrite(): boolean {
  try {
    if (unifiedRoot() !== undefined) return true
    const needed = { memory: 'memory.limit_in_bytes', cpu: 'cpu.cfs_quota_us' }
    return Object.entries(needed).every(([controller, file]) => {
      const folder = join(mount, controller, `ai-service-probe-${process.pid}`)
      mkdirSync(folder)
      const isThere = existsSync(join(folder, file))
      rmdirSync(folder)
      return isThere
    })
  } catch {
    return false // No root, or nothing mounted.
  }
}

function figure(file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
}

async function removeAll(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    for (let tries = 0; existsSync(folder); tries += 1) {
      try {
        rmdirSync(folder)
      } catch (error) {
        if (tries > 200) throw error
        await delay(25)
      }
    }
  }
}
