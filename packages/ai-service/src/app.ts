// The composition root: everything is wired here, by hand, from one loaded configuration.
import type { Server } from 'node:net'
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { createTranslationWorker, type TranslationWorker } from './workers/translation-worker.ts'
import { createHttpTransport } from 'ai-lib/internal/transport/http-transport'
import type { Simulator } from 'ai-simulator'
import { auditKeyEvent } from './app/audit-key-events.ts'
import { type Drain, startDrain } from './app/drain.ts'
import { type OpenAudit, openAudit } from './app/open-audit.ts'
import { type OpenCache, openCache } from './app/open-cache.ts'
import { openBackups } from './app/open-backups.ts'
import { openKeyRings } from './app/open-key-rings.ts'
import { openMetrics } from './app/open-metrics.ts'
import { openRouting } from './app/open-routing.ts'
import { createPriceList } from './app/price-list.ts'
import { transportParts } from './app/open-upstreams.ts'
import type { DrainDelay } from './app/ending.ts'
import { observe } from './app/observe.ts'
import { exchangeRunner } from './app/run-exchange.ts'
import { createAddressScrubber } from './app/scrub-addresses.ts'
import type { LinePrinter } from './audit/trail.ts'
import type { Config, ListenerAddress, LoadedConfig } from './config/config.ts'
import { ByteBudget } from './exchange/byte-budget.ts'
import { anonymous, type Caller } from './exchange/exchange.ts'
import { OpenExchanges } from './exchange/open-exchanges.ts'
import type { Router } from './exchange/route.ts'
import { createDataListener, type RefusedBeforeExchange } from './http/data-listener.ts'
import type { ExchangeParts } from './http/exchange-handler.ts'
import type { HealthState } from './http/health.ts'
import type { HttpListener } from './http/http-listener.ts'
import { createMetricsListener } from './http/metrics-listener.ts'
import type { CallerKeyEntry } from './keys/caller-key-entry.ts'
import { createKeyVerifier } from './keys/verify-caller-key.ts'
import { type AuthMode, identify } from './policies/auth.ts'
import { orderedPolicies } from './policies/order.ts'
import type { Redactor } from './redaction/redactor.ts'
import { createConcurrencyCounters } from './stores/memory/concurrency-counters.ts'
import { createRateCounters } from './stores/memory/rate-counters.ts'
import type { Environment } from './secrets/sources.ts'
import type { Log } from './telemetry/log.ts'
import type { ServiceMetrics } from './telemetry/metrics.ts'
import { createRequestId } from './telemetry/request-id.ts'
import type { RuntimeSource } from './telemetry/runtime-metrics.ts'

export interface AppParts {
  readonly loaded: LoadedConfig
  readonly log: Log
  /** Takes secrets out of text; whoever learns of a new one adds it. */
  readonly redactor: Redactor
  /** For credentials of Vault that are variables. Default none. */
  readonly env?: Environment
  readonly runtime: RuntimeSource
  /** Bytes that the process may use, for the default of the body budget. */
  readonly memoryLimitBytes: number
  readonly version: string
  /** Standard output, where lines are that must not be dropped. */
  readonly printer: LinePrinter
}

export interface App {
  readonly dataUrl: string
  /** Absent where the listener is off. */
  readonly metricsUrl: string | undefined
  /** `at-once` leaves out the delay for load balancers. */
  drain(delay: DrainDelay): Drain
  /** Reads the sources of all provider keys anew. */
  refreshKeys(): Promise<void>
  close(): Promise<void>
}

/** Letters of a provider's words that a client may be told; more than any message or header has. */
const maxToldChars = 4 * 1024
/** Share of the memory limit that bodies may hold at a time. */
const bodyShare = 0.25

/** Starts listening. @throws where an address is taken or a certificate is unusable; nothing stays open then. */
export async function startApp(parts: AppParts): Promise<App> {
  const { config } = parts.loaded
  const health: HealthState = { readiness: { kind: 'starting' }, missingStores: new Set() }
  const audit = await openAudit({ ...parts, health })
  const simulator = needsSimulator(config) ? await startBuiltIn() : undefined
  const transport = createHttpTransport(transportParts(config))
  const keys = openKeyRings({ ...parts, config, env: parts.env ?? {}, transport })
  keys.feed.subscribe((told) => auditKeyEvent(audit, told))
  const routing = openRouting(config, transport, keys.rings, simulator?.url, parts.log)
  const { router } = routing
  const metrics = openMetrics({ ...parts, router, upstreams: routing.upstreams, audit, keys })
  const cache = await openCache(config, { log: parts.log, onStoreError: () => metrics.recordCacheError() })
  const open = new OpenExchanges()
  const translations = createTranslationWorker()
  const mode = authMode(config)
  const server = createDataListener({
    exchanges: exchangeParts(parts, { router, mode, metrics, open, translations, cache, audit }),
    health,
    models: () => router.list(),
    identify: (credential) => (mode.kind === 'none' ? anonymous : identify(credential, mode.verify)),
    ...listenerParts(parts, metrics),
  })
  const hasMetrics = config.telemetry.metrics.enabled && config.server.metrics.port !== 0
  const metricsServer = hasMetrics ? createMetricsListener(() => metrics.render()) : undefined
  const backups = openBackups(parts.loaded, { log: parts.log, metrics, audit, keys })
  const close = async (): Promise<void> => {
    await backups.stop()
    closeListeners([server, metricsServer])
    metrics.close()
    for (const part of [keys, audit, translations, cache, routing]) await part.close()
    await simulator?.close()
  }
  try {
    await listen(server.server, config.server)
    if (metricsServer) await listen(metricsServer.server, config.server.metrics)
    await backups.start()
  } catch (thrown) {
    await close()
    throw thrown
  }
  health.readiness = { kind: 'ready' }
  const { drainDelayMs: delayMs, shutdownGraceMs: graceMs, tls } = config.server
  return {
    dataUrl: urlOf(server.server, tls ? 'https' : 'http'),
    metricsUrl: metricsServer && urlOf(metricsServer.server, 'http'),
    drain: (delay) => startDrain({ server, health, open, delayMs: delay === 'delayed' ? delayMs : 0, graceMs }),
    refreshKeys: keys.refresh,
    close,
  }
}

// Loaded only where it is asked for: it is memory that nobody else has a use for.
async function startBuiltIn(): Promise<Simulator> {
  const { startSimulator } = await import('ai-simulator')
  return startSimulator({ record: false })
}

function needsSimulator({ providers }: Config): boolean {
  return [...providers.values()].some(({ kind, baseUrl }) => kind === 'simulator' && baseUrl === undefined)
}

interface Wired {
  readonly router: Router
  readonly mode: AuthMode
  readonly metrics: ServiceMetrics
  readonly open: OpenExchanges
  readonly translations: TranslationWorker
  readonly cache: OpenCache
  readonly audit: OpenAudit
}

/** What every spending request runs through. */
function exchangeParts(
  { loaded, log, redactor, memoryLimitBytes }: AppParts,
  { router, mode, metrics, open, translations, cache, audit }: Wired,
): ExchangeParts {
  const { server, limits: rules, telemetry } = loaded.config
  const hideAddresses = createAddressScrubber(loaded.config)
  // The log may name addresses, a client may not.
  const told = (text: string, maxChars = maxToldChars): string => hideAddresses(redactor.excerpt(text, maxChars))
  const limits = {
    rules,
    rates: createRateCounters(),
    concurrency: createConcurrencyCounters(),
    clock: systemClock,
    onRefused: (limit: string) => metrics.recordLimit(limit),
  }
  const priceOf = createPriceList(loaded.config, () => Date.now())
  return {
    body: { maxBytes: server.maxBodyBytes, baseMs: server.timeouts.bodyMs },
    budget: new ByteBudget(server.maxBufferedBytes ?? Math.floor(memoryLimitBytes * bodyShare)),
    pump: { pingMs: server.timeouts.pingMs, writeStallMs: server.timeouts.writeStallMs },
    scrub: told,
    run: exchangeRunner(orderedPolicies({ auth: mode, limits, cache: cache.parts, audit: audit.requests }), {
      resolve: (operation, model) => router.resolve(operation, model),
      loop: { clock: systemClock, random: Math.random },
      maxRetries: server.maxRetries,
      commit: server.commit,
      needsUsage: telemetry.metrics.enabled || audit.requests !== undefined,
      translateLarge: (job) => translations.run(job),
      scrub: told,
    }),
    onExchange: (exchange) => observe(exchange, { log, metrics, version: loaded.version, priceOf }),
    onFault: (requestId, thrown) => log.error('an exchange broke', { request_id: requestId, error: thrown }),
    onStream: (change) => (change === 'opened' ? metrics.streamOpened() : metrics.streamClosed()),
    open,
  }
}

/** What the listener itself needs of configuration and telemetry. */
function listenerParts({ loaded, log, version }: AppParts, metrics: ServiceMetrics) {
  const { cors, timeouts, maxConnections, tls } = loaded.config.server
  return {
    corsOrigins: new Set(cors),
    createRequestId,
    onRefused: ({ error, ...refused }: RefusedBeforeExchange) => {
      metrics.recordRefusal(error.code)
      log.refused({ ...refused, code: error.code, status: error.status })
    },
    agent: `ai-service/${version}`,
    version,
    timeouts,
    maxConnections,
    ...(tls ? { tls: { cert: tls.cert, key: tls.key.reveal() } } : {}),
  }
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

function authMode({ auth }: Config): AuthMode {
  if (auth.mode === 'none') return { kind: 'none' }
  const verify = createKeyVerifier(auth, () => Date.now())
  const callers = new Map(auth.keys.map((key) => [key, callerOf(key)]))
  return {
    kind: 'keys',
    verify(credential) {
      const verified = verify(credential)
      return verified.kind === 'known'
        ? { kind: 'known', caller: callers.get(verified.key) ?? callerOf(verified.key) }
        : verified
    },
  }
}

function callerOf({ id, user, team, models }: CallerKeyEntry): Caller {
  return {
    keyId: id,
    ...(user === undefined ? {} : { user }),
    ...(team === undefined ? {} : { team }),
    ...(models === undefined ? {} : { models: new Set(models) }),
  }
}
