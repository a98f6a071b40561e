// Begins the trace of each exchange: under the caller's span where one came, and sampled as it or the share of ours says.
import { ExchangeTrace, type TraceStart } from '../../exchange/exchange-trace.ts'
import { randomFlag, readTraceparent, readTracestate, sampledFlag } from '../../exchange/trace-context.ts'
import { newSpanId, newTraceId } from './trace-ids.ts'

export interface SamplingRule {
  /** Of the traces that begin here, the share that is recorded: 0 to 1. */
  readonly share: number
  /** Whether a caller's own decision counts for what it sends. */
  readonly followsParent: boolean
}

export function traceStart({ share, followsParent }: SamplingRule): TraceStart {
  return (traceparent, tracestate) => {
    const parent = traceparent === undefined ? undefined : readTraceparent(traceparent)
    const traceId = parent?.traceId ?? newTraceId()
    const isSampled = parent && followsParent ? (parent.flags & sampledFlag) !== 0 : isInShare(traceId, share)
    return new ExchangeTrace({
      traceId,
      spanId: newSpanId(),
      parentId: parent?.spanId,
      flags: (isSampled ? sampledFlag : 0) | (parent ? parent.flags & randomFlag : randomFlag),
      // Without its traceparent a tracestate belongs to no trace.
      state: parent === undefined || tracestate === undefined ? undefined : readTracestate(tracestate),
      newSpanId,
    })
  }
}

const digits = 13
const space = 16 ** digits

/** By the random end of the id, as other samplers of OpenTelemetry decide: all hops of a trace come to the same. */
function isInShare(traceId: string, share: number): boolean {
  return share >= 1 || Number.parseInt(traceId.slice(-digits), 16) >= (1 - share) * space
}
