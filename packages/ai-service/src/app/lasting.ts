// What lives as long as the process, whatever configuration serves: what was counted, learnt, kept and opened.
import { systemClock } from 'ai-lib/internal/attempts/clock'
import { HealthBook } from 'ai-lib/internal/attempts/health-book'
import type { ProbeTimer } from 'ai-lib/internal/attempts/probe-timer'
import type { Upstream } from 'ai-lib/internal/attempts/target'
import type { Channel } from 'ai-lib/internal/transport/transport'
import type { LinePrinter } from '../audit/trail.ts'
import type { ServiceBackups } from '../backup/service-backups.ts'
import type { LoadedConfig } from '../config/config.ts'
import { ByteBudget } from '../exchange/byte-budget.ts'
import type { HealthState } from '../http/health.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { DirectoryWatch } from '../secrets/directory-watch.ts'
import { KeyFeed } from '../secrets/key-feed.ts'
import type { KeyWebhook } from '../secrets/key-webhook.ts'
import type { Environment } from '../secrets/sources.ts'
import type { VaultClient } from '../secrets/vault/vault-client.ts'
import type { ConcurrencyCounters, RateCounters } from '../stores/counters.ts'
import { createConcurrencyCounters } from '../stores/memory/concurrency-counters.ts'
import { createRateCounters } from '../stores/memory/rate-counters.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServiceMetrics } from '../telemetry/metrics.ts'
import type { RuntimeSource } from '../telemetry/runtime-metrics.ts'
import type { OtlpExporter, SpanOutcome } from '../telemetry/traces/otlp-exporter.ts'
import { createTranslationWorker, type TranslationWorker } from '../workers/translation-worker.ts'
import { auditKeyEvent } from './audit-key-events.ts'
import { BuiltInSimulator } from './built-in-simulator.ts'
import type { Generation } from './generation.ts'
import { Generations } from './generations.ts'
import type { NamedRing } from './open-key-rings.ts'
import { type OpenAudit, openAudit } from './open-audit.ts'
import type { CachePlace } from './open-cache.ts'
import { openMetrics } from './open-metrics.ts'
import { SharedParts } from './shared-parts.ts'
import { tellBreakers } from './tell-breakers.ts'
import { within } from './within.ts'
import { logKeyEvent } from './tell-key-events.ts'

/** Milliseconds that what a configuration opened may take to end; traces have five seconds of them to leave. */
const closeMs = 10_000

/** What the process gives. */
export interface Surroundings {
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

export interface Lasting {
  readonly log: Log
  readonly redactor: Redactor
  /** Of the service. */
  readonly version: string
  readonly env: Environment
  readonly memoryLimitBytes: number
  readonly health: HealthState
  readonly generations: Generations<Generation>
  readonly audit: OpenAudit
  readonly metrics: ServiceMetrics
  readonly budget: ByteBudget
  readonly rates: RateCounters
  readonly concurrency: ConcurrencyCounters
  readonly translations: TranslationWorker
  readonly simulator: BuiltInSimulator
  /** What happens to provider keys. */
  readonly feed: KeyFeed
  readonly folders: DirectoryWatch
  /** What is known of the health of endpoints. */
  readonly book: HealthBook
  /** Requests that wait for a socket, by provider. */
  readonly waiting: Map<string, number>
  readonly channels: SharedParts<Channel>
  readonly upstreams: SharedParts<Upstream>
  readonly probes: SharedParts<ProbeTimer>
  readonly rings: SharedParts<NamedRing>
  readonly vaults: SharedParts<VaultClient>
  readonly webhooks: SharedParts<KeyWebhook>
  readonly caches: SharedParts<Promise<CachePlace>>
  readonly exporters: SharedParts<Promise<OtlpExporter>>
  /** What became of spans. */
  readonly spans: Map<SpanOutcome, number>
  readonly backups: SharedParts<Promise<ServiceBackups>>
  close(): Promise<void>
}

/** @throws TrailUnusable. */
export async function openLasting(loaded: LoadedConfig, surroundings: Surroundings): Promise<Lasting> {
  const { log, redactor, env = {}, memoryLimitBytes } = surroundings
  const health: HealthState = { readiness: { kind: 'starting' }, missingStores: new Set() }
  const audit = await openAudit({ ...surroundings, loaded, health })
  const generations = new Generations<Generation>((error) =>
    log.error('an old configuration was not put away', { error }),
  )
  const feed = new KeyFeed()
  const spans = new Map<SpanOutcome, number>()
  const metrics = openMetrics({ ...surroundings, current: () => generations.current, audit, spans, feed })
  feed.subscribe((told) => logKeyEvent(log, told))
  feed.subscribe((told) => generations.current.keys.webhook?.tell(told))
  feed.subscribe((told) => auditKeyEvent(audit, told))
  const translations = createTranslationWorker()
  const simulator = new BuiltInSimulator()
  return {
    log,
    redactor,
    version: surroundings.version,
    env,
    memoryLimitBytes,
    health,
    generations,
    audit,
    metrics,
    budget: new ByteBudget(bufferedBytes(loaded, memoryLimitBytes)),
    rates: createRateCounters(),
    concurrency: createConcurrencyCounters(),
    translations,
    simulator,
    feed,
    folders: new DirectoryWatch(),
    book: new HealthBook(
      tellBreakers(
        log,
        ({ upstream, model }) => generations.current.router.labelsOf(upstream, model),
        systemClock.nowMs,
      ),
    ),
    waiting: new Map(),
    spans,
    ...sharedParts(),
    async close() {
      // Records that are queued must be written whatever else does not end.
      if (!(await within(closeMs, generations.close())))
        log.warn('a backup or store does not come to its end; it is given up')
      metrics.close()
      for (const part of [audit, translations, simulator]) await part.close()
    },
  }
}

/** What bodies may hold at a time, all together: a quarter of the memory limit, unless the configuration says otherwise. */
export function bufferedBytes({ config }: LoadedConfig, memoryLimitBytes: number): number {
  return config.server.maxBufferedBytes ?? Math.floor(memoryLimitBytes / 4)
}

type Shared = 'channels' | 'upstreams' | 'probes' | 'rings' | 'vaults' | 'webhooks' | 'caches' | 'backups' | 'exporters'

function sharedParts(): Pick<Lasting, Shared> {
  return {
    channels: closable(),
    // An upstream is its channel and its keys, which have leases of their own.
    upstreams: new SharedParts(() => undefined),
    probes: closable(),
    rings: new SharedParts(({ ring }) => ring.close()),
    vaults: closable(),
    webhooks: closable(),
    caches: new SharedParts(async (place) => (await opened(place))?.store.close()),
    backups: new SharedParts(async (schedule) => (await opened(schedule))?.stop()),
    exporters: new SharedParts(async (exporter) => (await opened(exporter))?.close()),
  }
}

// What could not be opened was told to whoever asked for it, and needs no closing.
function opened<Part>(opening: Promise<Part>): Promise<Part | undefined> {
  return opening.catch(() => undefined)
}

function closable<Part extends { close(): void | Promise<void> }>(): SharedParts<Part> {
  return new SharedParts((part) => part.close())
}
