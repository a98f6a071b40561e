// Pieces of OTLP/HTTP's JSON as text: written by hand, since spans wait for their export as the text that they will be.

/** A name of ours and a value of a closed set or of the configuration: only the value is quoted. */
export function textAttribute(key: string, value: string): string {
  return quotedAttribute(key, JSON.stringify(value.toWellFormed()))
}

/** @param quoted the value as JSON. */
export function quotedAttribute(key: string, quoted: string): string {
  return `{"key":"${key}","value":{"stringValue":${quoted}}}`
}

// 64-bit integers are strings in protobuf's JSON.
export function wholeAttribute(key: string, value: number): string {
  return `{"key":"${key}","value":{"intValue":"${value}"}}`
}

export function numberAttribute(key: string, value: number): string {
  return `{"key":"${key}","value":{"doubleValue":${value}}}`
}

export function flagAttribute(key: string, value: boolean): string {
  return `{"key":"${key}","value":{"boolValue":${value}}}`
}

/** @param quoted the values as JSON. */
export function listAttribute(key: string, quoted: readonly string[]): string {
  const items = quoted.map((value) => `{"stringValue":${value}}`)
  return `{"key":"${key}","value":{"arrayValue":{"values":[${items.join(',')}]}}}`
}

/** Milliseconds since the epoch as nanoseconds: more digits than a double holds. */
export function nanoText(ms: number): string {
  const whole = Math.floor(ms)
  const nanos = Math.min(999_999, Math.round((ms - whole) * 1e6))
  return `${whole}${String(nanos).padStart(6, '0')}`
}

export interface SpanHead {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly state: string | undefined
  readonly flags: number
  readonly isParentRemote: boolean
  /** As JSON. */
  readonly quotedName: string
  readonly kind: typeof serverSpan | typeof clientSpan
  /** Milliseconds since the epoch. */
  readonly startMs: number
  readonly endMs: number
  readonly hasFailed: boolean
}

export const serverSpan = 2
export const clientSpan = 3
/** Say of a span that it is known whether its parent is another process's, and that it is. */
const parentIsKnown = 0x100
const parentIsRemote = 0x200

export function spanText(span: SpanHead, attributes: string): string {
  const { parentId, state, isParentRemote } = span
  const flags = (span.flags & 0xff) | parentIsKnown | (isParentRemote ? parentIsRemote : 0)
  return (
    `{"traceId":"${span.traceId}","spanId":"${span.spanId}",` +
    `${parentId === undefined ? '' : `"parentSpanId":"${parentId}",`}${state === undefined ? '' : `"traceState":${state},`}` +
    `"flags":${flags},"name":${span.quotedName},"kind":${span.kind},"startTimeUnixNano":"${nanoText(span.startMs)}",` +
    `"endTimeUnixNano":"${nanoText(span.endMs)}","attributes":[${attributes}],"status":{${span.hasFailed ? '"code":2' : ''}}}`
  )
}
