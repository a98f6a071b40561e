// Opens the traces as configured: how one begins, what is written of an exchange, and the queue to the receiver.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { systemClock } from 'ai-lib/internal/attempts/clock'
import type { Channel, Transport } from 'ai-lib/internal/transport/transport'
import type { Config, ProviderConfig, TracesConfig } from '../config/config.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { type ExchangeTrace, passTrace, type TraceStart } from '../exchange/exchange-trace.ts'
import type { Settlement } from '../exchange/settlement.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { ExchangeSummary } from '../telemetry/exchange-summary.ts'
import type { Log } from '../telemetry/log.ts'
import type { EndpointFacts } from '../telemetry/traces/exchange-spans.ts'
import type { OtlpExporter, SpanOutcome } from '../telemetry/traces/otlp-exporter.ts'
import { partKey } from '../config/part-key.ts'
import { type OtlpWay, otlpWay } from './otlp-way.ts'
import type { Leases, SharedParts } from './shared-parts.ts'

/** Of this process, for as long as it runs. */
const instanceId = randomUUID()

export interface OpenTraces {
  readonly start: TraceStart
  /** Spans of an exchange that is sampled and over. */
  record(exchange: Exchange, trace: ExchangeTrace, settlement: Settlement, summary: ExchangeSummary): void
  /** Spans that wait; undefined where nothing is traced. */
  depth(): number | undefined
}

export interface TraceSources {
  readonly config: Config
  readonly transport: Transport
}

/** What traces of one process share, whatever configuration they were opened for. */
export interface TraceParts {
  readonly exporters: SharedParts<Promise<OtlpExporter>>
  /** What became of spans. */
  readonly spans: Map<SpanOutcome, number>
  readonly log: Log
  readonly redactor: Redactor
  readonly version: string
}

const off: OpenTraces = { start: passTrace, record: () => undefined, depth: () => undefined }

export async function openTraces(sources: TraceSources, parts: TraceParts, leases: Leases): Promise<OpenTraces> {
  const { config } = sources
  const { traces } = config.telemetry
  if (traces === undefined) return off
  // Loaded only where it is asked for.
  const { ExchangeSpans } = await import('../telemetry/traces/exchange-spans.ts')
  const { traceStart } = await import('../telemetry/traces/start-trace.ts')
  const exporter = await leaseExporter(traces, sources, parts, leases)
  const spans = new ExchangeSpans({
    excerpt: (text, maxChars) => parts.redactor.excerpt(text, maxChars),
    endpoints: endpointFacts(config),
    scheme: config.server.tls === undefined ? 'http' : 'https',
  })
  return {
    start: traceStart({ share: traces.sample, followsParent: traces.followsParent }),
    record(exchange, trace, { attempts, facts }, summary) {
      const epochMs = Date.now() - performance.now()
      exporter.add(spans.write({ exchange, trace, summary, attempts, facts, epochMs }))
    },
    depth: () => exporter.depth,
  }
}

function leaseExporter(
  traces: TracesConfig,
  { config, transport }: TraceSources,
  parts: TraceParts,
  leases: Leases,
): Promise<OtlpExporter> {
  // A queue goes on as long as it leads to the same place in the same way, however much is sampled.
  const { sample: _, followsParent: __, ...kept } = traces
  const way = otlpWay(traces, config, parts.version)
  return leases.take(parts.exporters, partKey(kept, way.options, config.server.dns), () =>
    openExporter(way, traces, transport.open(way.options), parts),
  )
}

async function openExporter(
  { url, headers }: OtlpWay,
  traces: TracesConfig,
  channel: Channel,
  { spans, log, version }: TraceParts,
): Promise<OtlpExporter> {
  const { OtlpExporter } = await import('../telemetry/traces/otlp-exporter.ts')
  const { envelopeOf } = await import('../telemetry/traces/resource-text.ts')
  return new OtlpExporter({
    channel,
    path: url.pathname,
    headers,
    envelope: envelopeOf({ version, instanceId, hostName: hostname(), attributes: traces.resource }),
    isCompressed: traces.compression === 'gzip',
    maxWaiting: traces.queue,
    intervalMs: traces.intervalMs,
    timeoutMs: traces.timeoutMs,
    clock: systemClock,
    random: Math.random,
    onOutcome: (outcome, count) => void spans.set(outcome, (spans.get(outcome) ?? 0) + count),
    onState(state, reason) {
      if (state === 'away') log.warn('traces are not delivered', { otlp: url.origin, reason })
      else log.info('traces are delivered again', { otlp: url.origin })
    },
  })
}

/** By the names that metrics have: each provider's, and `alias/endpoint`. */
function endpointFacts({ providers, models }: Config): ReadonlyMap<string, EndpointFacts> {
  const facts = new Map<string, EndpointFacts>()
  const add = (name: string, provider: ProviderConfig | undefined, baseUrl: string | undefined): void => {
    const url = URL.parse(baseUrl ?? provider?.baseUrl ?? '')
    if (provider === undefined || url === null) return
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    facts.set(name, { providerName: providerName(provider), address: url.hostname.replace(/^\[|\]$/g, ''), port })
  }
  for (const [name, provider] of providers) add(name, provider, undefined)
  for (const { name, endpoints } of models.values())
    for (const endpoint of endpoints)
      add(`${name}/${endpoint.name}`, providers.get(endpoint.provider), endpoint.baseUrl)
  return facts
}

/** Where OpenTelemetry's name for a provider is not ours. */
const conventionNames: Readonly<Record<string, string>> = {
  'azure-openai': 'azure.ai.openai',
  gemini: 'gcp.gemini',
  mistral: 'mistral_ai',
  moonshot: 'moonshot_ai',
  xai: 'x_ai',
}

function providerName({ kind, name }: ProviderConfig): string {
  return kind === 'openai-compatible' ? name : (conventionNames[kind] ?? kind)
}
