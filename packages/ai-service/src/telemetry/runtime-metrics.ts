// The process and its runtime as metrics, asked for when somebody scrapes.
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, type Registry } from 'prom-client'
import { readGauge, readGauges } from './read-gauge.ts'
import { runtimeSpecs as specs } from './series-specs.ts'

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
    ...specs.cpu,
    registers: [registry],
    collect() {
      const { user, system } = source.cpuUsage()
      cpu.reset()
      cpu.inc((user + system) / 1_000_000)
    },
  })
  readGauge(registry, specs.resident, () => source.memoryUsage().rss)
  const startedSeconds = Date.now() / 1_000 - source.uptime()
  readGauge(registry, specs.start, () => startedSeconds)
  readGauge(registry, specs.descriptors, openDescriptors)
  readGauges(registry, specs.node, () => [[source.version, 1]])
}

function registerHeap(registry: Registry, source: RuntimeSource): void {
  readGauge(registry, specs.heapUsed, () => source.memoryUsage().heapUsed)
  readGauge(registry, specs.heapTotal, () => source.memoryUsage().heapTotal)
  readGauge(registry, specs.external, () => source.memoryUsage().external)
}

// The delays since the last scrape; the last gauge begins anew: they are collected in the order of registration.
function registerEventLoop(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  // The timer's own interval is part of what it measures.
  const seconds = (nanoseconds: number): number => Math.max(0, (nanoseconds || 0) / 1e9 - resolutionMs / 1_000)
  readGauge(registry, specs.lagMedian, () => seconds(delays.percentile(50)))
  readGauge(registry, specs.lagHigh, () => seconds(delays.percentile(99)))
  readGauge(registry, specs.lagMost, () => {
    const longest = seconds(delays.max)
    delays.reset()
    return longest
  })
  return () => void delays.disable()
}

async function openDescriptors(): Promise<number> {
  try {
    // Reading the folder opens one more.
    return (await readdir('/proc/self/fd')).length - 1
  } catch {
    return 0 // No procfs here (macOS, Windows, a strict sandbox): said so in the help text.
  }
}
