// Calls of custom tools: the one opaque block that OpenAI's own answers have a place for.
import { isObject, tryParseJson, type JsonObject } from '../../bytes/json-value.ts'
import type { Opaque } from '../../chat/opaque.ts'

/** The call as it stands in `tool_calls`, or undefined where the block is something else. */
export function customCall(opaque: Opaque): JsonObject | undefined {
  const value = opaque.dialect === 'openai-chat' ? tryParseJson(opaque.json) : undefined
  return isObject(value) && value['type'] === 'custom' ? value : undefined
}
