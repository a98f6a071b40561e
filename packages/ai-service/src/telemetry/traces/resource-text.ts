// Who sends the spans, as OpenTelemetry names it: the beginning and the end of every request to the receiver.
import { textAttribute } from './otlp-text.ts'

export interface Sender {
  readonly version: string
  /** Of this process, and of no other. */
  readonly instanceId: string
  readonly hostName: string
  /** The operator's own, over ours. */
  readonly attributes: Readonly<Record<string, string>>
}

export interface Envelope {
  readonly head: string
  readonly tail: string
}

/** Of the conventions whose names the spans use. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0'

/** What stands before and behind the spans of a request. */
export function envelopeOf({ version, instanceId, hostName, attributes }: Sender): Envelope {
  const resource: Readonly<Record<string, string>> = {
    'service.name': 'ai-service',
    'service.version': version,
    'service.instance.id': instanceId,
    'host.name': hostName,
    ...attributes,
    'telemetry.sdk.name': 'ai-service',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
  }
  const listed = Object.entries(resource).map(([key, value]) => textAttribute(JSON.stringify(key).slice(1, -1), value))
  const scope = `"scope":{"name":"ai-service","version":${JSON.stringify(version)}},"schemaUrl":"${schemaUrl}"`
  return {
    head: `{"resourceSpans":[{"resource":{"attributes":[${listed.join(',')}]},"scopeSpans":[{${scope},"spans":[`,
    tail: ']}]}]}',
  }
}
