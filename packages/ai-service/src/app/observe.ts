// What becomes of a settlement: one metrics record and one log line.
import type { Exchange } from '../exchange/exchange.ts'
import type { Settlement } from '../exchange/settlement.ts'
import type { ExchangeSummary } from '../telemetry/exchange-summary.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServiceMetrics } from '../telemetry/metrics.ts'

export interface Observers {
  readonly log: Log
  readonly metrics: ServiceMetrics
  /** Of the configuration that serves the exchange. */
  readonly version: string
}

export function observe(exchange: Exchange, { log, metrics, version }: Observers): void {
  exchange.onSettle((settlement) => {
    const summary = summaryOf(exchange, settlement, version)
    metrics.record(summary)
    log.request(summary)
  })
}

function summaryOf(exchange: Exchange, settlement: Settlement, configVersion: string): ExchangeSummary {
  const { caller, head, operation } = exchange
  const { metered, error, end, provider, model, endpoint, lane, ttftMs, interTokenMs } = settlement
  const user = caller.user ?? head.user
  return {
    requestId: exchange.id,
    dialect: operation.wire.dialect,
    route: exchange.path,
    status: settlement.status,
    outcome: end,
    attempts: settlement.attempts,
    durationMs: settlement.durationMs,
    overheadMs: settlement.overheadMs,
    losses: settlement.losses,
    stream: exchange.asked?.head.stream ?? false,
    configVersion,
    usageSource: metered.kind,
    ...(metered.kind === 'reported' ? { usage: metered.usage } : {}),
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(lane === undefined ? {} : { lane }),
    ...(ttftMs === undefined ? {} : { ttftMs }),
    ...(interTokenMs === undefined ? {} : { interTokenMs }),
    ...(error === undefined ? {} : { code: error.code, error }),
    ...(caller.keyId === undefined ? {} : { keyId: caller.keyId }),
    ...(user === undefined ? {} : { user }),
    ...(caller.team === undefined ? {} : { team: caller.team }),
  }
}
