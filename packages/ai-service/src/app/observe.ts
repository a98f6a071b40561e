// What becomes of a settlement: one metrics record, one log line, and the spans of a trace.
import type { Exchange } from '../exchange/exchange.ts'
import type { Settlement } from '../exchange/settlement.ts'
import type { ExchangeSummary } from '../telemetry/exchange-summary.ts'
import type { Log } from '../telemetry/log.ts'
import type { OpenTraces } from './open-traces.ts'
import type { PriceList } from './price-list.ts'
import type { ServiceMetrics } from '../telemetry/metrics.ts'

export interface Observers {
  readonly log: Log
  readonly metrics: ServiceMetrics
  /** Of the configuration that serves the exchange. */
  readonly version: string
  readonly priceOf: PriceList
  readonly traces: Pick<OpenTraces, 'record'>
}

export function observe(exchange: Exchange, { log, metrics, version, priceOf, traces }: Observers): void {
  exchange.onSettle((settlement) => {
    const summary = summaryOf(exchange, settlement, version, priceOf)
    metrics.record(summary)
    log.request(summary)
    if (exchange.trace?.isSampled) traces.record(exchange, exchange.trace, settlement, summary)
  })
}

function summaryOf(
  exchange: Exchange,
  settlement: Settlement,
  configVersion: string,
  priceOf: PriceList,
): ExchangeSummary {
  const { caller, head, operation } = exchange
  const { metered, error } = settlement
  return {
    requestId: exchange.id,
    traceId: exchange.trace?.traceId,
    spanId: exchange.trace?.spanId,
    dialect: operation.wire.dialect,
    route: exchange.path,
    provider: settlement.provider,
    model: settlement.model,
    endpoint: settlement.endpoint,
    lane: settlement.lane,
    status: settlement.status,
    code: error?.code,
    outcome: settlement.end,
    attempts: settlement.attempts,
    durationMs: settlement.durationMs,
    overheadMs: settlement.overheadMs,
    ttftMs: settlement.ttftMs,
    interTokenMs: settlement.interTokenMs,
    usage: metered.kind === 'reported' ? metered.usage : undefined,
    costMicroUsd: costOf(settlement, priceOf),
    usageSource: metered.kind,
    losses: settlement.losses,
    keyId: caller.keyId,
    user: caller.user ?? head.user,
    team: caller.team,
    stream: exchange.asked?.head.stream ?? false,
    configVersion,
    cache: settlement.cache,
    error,
  }
}

// An answer that no provider was asked for costs nothing, whatever tokens it once took.
function costOf({ metered, provider, model, attempts }: Settlement, priceOf: PriceList): bigint | undefined {
  if (metered.kind !== 'reported' || attempts.length === 0) return undefined
  return provider === undefined || model === undefined ? undefined : priceOf(provider, model, metered.usage)
}
