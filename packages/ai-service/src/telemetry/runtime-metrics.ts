// The process and its runtime as metrics: few, and named so that promtool has nothing to say.
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

/** What is asked of the process; `process` itself fits. */
export interface RuntimeSource {
  memoryUsage(): {
    readonly rss: number
    readonly heapTotal: number
    readonly heapUsed: number
    readonly external: number
  }
  cpuUsage(): { readonly user: number; readonly system: number }
  uptime(): number
  readonly version: string
}

const resolutionMs = 20

/** Registers `process_*` and `nodejs_*`; gives the function that stops measuring. */
export function registerRuntimeMetrics(registry: Registry, source: RuntimeSource | undefined): () => void {
  if (source === undefined) return () => undefined
  registerProcess(registry, source)
  registerHeap(registry, source)
  return registerEventLoop(registry)
}

function registerProcess(registry: Registry, source: RuntimeSource): void {
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time.',
    registers: [registry],
    collect() {
      const { user, system } = source.cpuUsage()
      cpu.reset()
      cpu.inc((user + system) / 1_000_000)
    },
  })
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory.', () => source.memoryUsage().rss)
  const startedSeconds = Date.now() / 1_000 - source.uptime()
  gauge(registry, 'process_start_time_seconds', 'Start of the process, since the epoch.', () => startedSeconds)
  gauge(registry, 'process_open_fds', 'Open file descriptors; 0 where the system does not tell.', openDescriptors)
  const version = new Gauge({
    name: 'nodejs_version_info',
    help: 'Version of Node.',
    labelNames: ['version'],
    registers: [registry],
  })
  version.set({ version: source.version }, 1)
}

function registerHeap(registry: Registry, source: RuntimeSource): void {
  gauge(registry, 'nodejs_heap_size_used_bytes', 'Used heap.', () => source.memoryUsage().heapUsed)
  gauge(registry, 'nodejs_heap_size_total_bytes', 'Allocated heap.', () => source.memoryUsage().heapTotal)
  gauge(
    registry,
    'nodejs_external_memory_bytes',
    'Memory of objects outside the heap.',
    () => source.memoryUsage().external,
  )
}

// The delays since the last scrape; the first gauge collects for all, in the order of registration.
function registerEventLoop(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  // The timer's own interval is part of what it measures.
  const seconds = (nanoseconds: number): number => Math.max(0, (nanoseconds || 0) / 1e9 - resolutionMs / 1_000)
  gauge(registry, 'nodejs_eventloop_lag_p50_seconds', 'Median delay of the event loop since the last scrape.', () =>
    seconds(delays.percentile(50)),
  )
  gauge(registry, 'nodejs_eventloop_lag_p99_seconds', '99th percentile of the same.', () =>
    seconds(delays.percentile(99)),
  )
  gauge(registry, 'nodejs_eventloop_lag_max_seconds', 'Longest delay of the same.', () => {
    const longest = seconds(delays.max)
    delays.reset()
    return longest
  })
  return () => void delays.disable()
}

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  const metric = new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      metric.set(await read())
    },
  })
}

async function openDescriptors(): Promise<number> {
  try {
    // Reading the folder opens one more.
    return (await readdir('/proc/self/fd')).length - 1
  } catch {
    return 0 // No procfs here (macOS, Windows, a strict sandbox): said so in the help text.
  }
}
