// A few top-level fields of a provider's JSON, without building the tree of the rest.
import { type JsonField, scanJson } from '../../bytes/json-scan.ts'
import { type JsonValue, tryParseJson } from '../../bytes/json-value.ts'
import { AiError } from '../../errors/ai-error.ts'

export interface Fields {
  readonly bytes: Buffer
  readonly spans: ReadonlyMap<string, JsonField>
}

/** @throws AiError `provider_invalid_response` where the bytes are not one JSON object, or say a wanted field twice. */
export function readFields(bytes: Uint8Array, wanted: ReadonlySet<string>): Fields {
  try {
    const scan = scanJson(bytes, 'provider_invalid_response', wanted)
    if (scan.closing !== -1)
      return { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), spans: scan.fields }
  } catch (thrown) {
    if (thrown instanceof AiError && thrown.code === 'provider_invalid_response') throw thrown
    throw new AiError('provider_invalid_response', { message: 'A field appears twice.' }, { cause: thrown })
  }
  throw new AiError('provider_invalid_response', { message: 'It must be a JSON object.' })
}

/** The field's value, parsed; undefined where it is absent. */
export function jsonAt(fields: Fields, key: string): JsonValue | undefined {
  const span = fields.spans.get(key)
  return span === undefined ? undefined : tryParseJson(fields.bytes.toString('utf8', span.valueStart, span.valueEnd))
}
