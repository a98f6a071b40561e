// The trace that an exchange belongs to: ids for its span and for those of its attempts, whoever records them.
import { readTraceparent, readTracestate, sampledFlag, writeTraceparent } from './trace-context.ts'

/** Finds or begins the trace of an exchange; undefined where there is none. */
export type TraceStart = (traceparent: string | undefined, tracestate: string | undefined) => ExchangeTrace | undefined

export interface ExchangeTraceStart {
  readonly traceId: string
  readonly spanId: string
  /** The caller's span. */
  readonly parentId: string | undefined
  readonly flags: number
  readonly state: string | undefined
  /** Makes the id of a further span; absent where nobody records any. */
  readonly newSpanId?: () => string
}

export class ExchangeTrace {
  readonly traceId: string
  /** Of the exchange's own span; the caller's where nobody records one. */
  readonly spanId: string
  readonly parentId: string | undefined
  readonly flags: number
  readonly state: string | undefined
  readonly #newSpanId: (() => string) | undefined
  readonly #attemptIds: string[] = []

  constructor({ traceId, spanId, parentId, flags, state, newSpanId }: ExchangeTraceStart) {
    this.traceId = traceId
    this.spanId = spanId
    this.parentId = parentId
    this.flags = flags
    this.state = state
    this.#newSpanId = newSpanId
  }

  get isSampled(): boolean {
    return (this.flags & sampledFlag) !== 0
  }

  /** The span of an attempt, counted from 0: the same each time it is asked for. */
  attemptId(index: number): string {
    if (this.#newSpanId === undefined) return this.spanId
    this.#attemptIds[index] ??= this.#newSpanId()
    return this.#attemptIds[index]
  }

  /** What an upstream is told of an attempt. */
  attemptHeaders(index: number): Readonly<Record<string, string>> {
    const traceparent = writeTraceparent(this.traceId, this.attemptId(index), this.flags)
    return this.state === undefined ? { traceparent } : { traceparent, tracestate: this.state }
  }
}

/** Where no spans are recorded: a caller's trace is known by name, and passed on as it came. */
export const passTrace: TraceStart = (traceparent, tracestate) => {
  const parent = traceparent === undefined ? undefined : readTraceparent(traceparent)
  if (parent === undefined) return undefined
  const state = tracestate === undefined ? undefined : readTracestate(tracestate)
  return new ExchangeTrace({ ...parent, parentId: parent.spanId, state })
}
