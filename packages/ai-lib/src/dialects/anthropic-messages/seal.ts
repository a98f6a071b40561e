// What only this dialect understands, as sealed JSON objects.
import { isObject, type JsonObject, tryParseJson } from '../../bytes/json-value.ts'
import type { Opaque } from '../../chat/opaque.ts'

export function sealed(value: JsonObject): Opaque {
  return sealedText(JSON.stringify(value))
}

/** @param json text of a valid JSON object. */
export function sealedText(json: string): Opaque {
  return { dialect: 'anthropic-messages', json }
}

/** The object inside a seal; undefined where another dialect sealed it. */
export function unsealed(seal: Opaque | undefined): JsonObject | undefined {
  if (seal?.dialect !== 'anthropic-messages') return undefined
  const value = tryParseJson(seal.json)
  return isObject(value) ? value : undefined
}
