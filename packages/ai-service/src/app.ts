// The composition root: everything is wired here, by hand. What lives as long as the process is opened once (lasting.ts);
// what is made of a configuration is a generation (open-generation.ts), built whole and replaced whole.
import type { Server } from 'node:net'
import { type Drain, startDrain } from './app/drain.ts'
import type { DrainDelay } from './app/ending.ts'
import { bufferedBytes, type Lasting, openLasting, type Surroundings } from './app/lasting.ts'
import { openGeneration } from './app/open-generation.ts'
import { openOverload } from './app/open-overload.ts'
import { openReloading } from './app/open-reloading.ts'
import { within } from './app/within.ts'
import type { ListenerAddress, LoadedConfig } from './config/config.ts'
import type { LoadResult } from './config/load.ts'
import { createDataListener, type RefusedBeforeExchange } from './http/data-listener.ts'
import type { HttpListener } from './http/http-listener.ts'
import { createMetricsListener } from './http/metrics-listener.ts'
import { errorCodeOf } from './secrets/sources.ts'
import type { ServiceMetrics } from './telemetry/metrics.ts'
import { createRequestId } from './telemetry/request-id.ts'

export interface AppParts extends Surroundings {
  readonly loaded: LoadedConfig
  /** Reads and checks the same sources again. Without it no other configuration is ever taken over. */
  readonly load?: () => Promise<LoadResult>
}

export interface App {
  readonly dataUrl: string
  /** Absent where the listener is off. */
  readonly metricsUrl: string | undefined
  /** `at-once` leaves out the delay for load balancers. */
  drain(delay: DrainDelay): Drain
  /** Reads the configuration and the sources of all provider keys anew. Never rejects. */
  reload(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds that the end of the service waits for a reload that is under way: a file of it may lie on a mount that hangs. */
const closeMs = 5_000

/** Starts listening. @throws where an address is taken or a certificate is unusable; nothing stays open then. */
export async function startApp(parts: AppParts): Promise<App> {
  const lasting = await openLasting(parts.loaded, parts)
  const { generations } = lasting
  try {
    generations.replace(await openGeneration(parts.loaded, lasting))
  } catch (thrown) {
    recordFailedStart(lasting, thrown)
    await lasting.close()
    throw thrown
  }
  return listenAndServe(parts, lasting)
}

async function listenAndServe(parts: AppParts, lasting: Lasting): Promise<App> {
  const { generations, metrics, health } = lasting
  const { config } = parts.loaded
  const overload = openOverload(lasting, parts, () => data)
  const data = createDataListener({
    generations,
    health,
    overload,
    createRequestId,
    ...refusals(parts, metrics),
    ...listenerOptions(parts.loaded),
  })
  const hasMetrics = config.telemetry.metrics.enabled && config.server.metrics.port !== 0
  const scraped = hasMetrics ? createMetricsListener(() => metrics.render()) : undefined
  try {
    await listen(data.server, config.server)
    if (scraped) await listen(scraped.server, config.server.metrics)
    await generations.current.activate()
  } catch (thrown) {
    recordFailedStart(lasting, thrown)
    overload.close()
    closeListeners([data, scraped])
    await lasting.close()
    throw thrown
  }
  const reloading = parts.load && openReloading(lasting, { load: parts.load, configure: configureOf(data, lasting) })
  health.readiness = { kind: 'ready' }
  return {
    dataUrl: urlOf(data.server, config.server.tls ? 'https' : 'http'),
    metricsUrl: scraped && urlOf(scraped.server, 'http'),
    drain(delay) {
      void reloading?.close()
      const { drainDelayMs, shutdownGraceMs: graceMs } = generations.current.loaded.config.server
      const delayMs = delay === 'delayed' ? drainDelayMs : 0
      return startDrain({ server: data, health, open: generations, delayMs, graceMs })
    },
    async reload() {
      await reloading?.reload()
      await generations.current.keys.refresh()
    },
    async close() {
      const isSettled = await within(closeMs, reloading?.close())
      if (!isSettled) parts.log.warn('a reload does not come to its end; it is given up')
      overload.close()
      closeListeners([data, scraped])
      await lasting.close()
    },
  }
}

// The start is on record already: that was how it showed whether anything can be recorded.
function recordFailedStart({ audit }: Lasting, thrown: unknown): void {
  audit.recordAdmin('service.start_failed', { reason: errorCodeOf(thrown) })
}

/** What listeners, and what all requests share, take of a configuration. */
function configureOf(data: HttpListener, { budget, memoryLimitBytes }: Lasting): (next: LoadedConfig) => void {
  return (next) => {
    const { timeouts, ...options } = listenerOptions(next)
    data.configure({ ...timeouts, ...options })
    budget.limitBytes = bufferedBytes(next, memoryLimitBytes)
  }
}

function refusals({ log, version }: AppParts, metrics: ServiceMetrics) {
  return {
    onRefused: ({ error, ...refused }: RefusedBeforeExchange) => {
      metrics.recordRefusal(error.code)
      log.refused({ ...refused, code: error.code, status: error.status })
    },
    agent: `ai-service/${version}`,
    version,
  }
}

function listenerOptions({ config }: LoadedConfig) {
  const { timeouts, maxConnections, tls } = config.server
  return { timeouts, maxConnections, ...(tls ? { tls: { cert: tls.cert, key: tls.key.reveal() } } : {}) }
}

function listen(server: Server, { host, port }: ListenerAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 2_048 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closeListeners(listeners: readonly (HttpListener | undefined)[]): void {
  for (const listener of listeners) {
    listener?.close()
    listener?.closeAllConnections()
  }
}

function urlOf(server: Server, scheme: 'http' | 'https'): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return `${scheme}://unknown`
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${scheme}://${host}:${address.port}`
}
