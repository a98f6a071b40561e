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
  metrics.opened()
  exchange.onSettle((settlement) => {
    const summary = summaryOf(exchange, settlement, version)
    metrics.record(summary)
    log.request(summary)
  })
}
