// Tells whether a choice of a chunk carries content: what begins an answer, as opposed to roles and empty texts.
import { isArray, isObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'

const texts = ['content', 'reasoning_content', 'reasoning', 'refusal'] as const
const lists = ['tool_calls', 'reasoning_details', 'annotations'] as const
const objects = ['function_call', 'audio'] as const

/** For chat completions. `message` stands in for `delta` where a provider sends it so. */
export function hasChatContent(choice: JsonObject): boolean {
  const delta = isObject(choice['delta']) ? choice['delta'] : choice['message']
  if (!isObject(delta)) return false
  return (
    texts.some((key) => isFilled(delta[key])) ||
    lists.some((key) => isArray(delta[key]) && delta[key].length > 0) ||
    objects.some((key) => isObject(delta[key]))
  )
}

/** For legacy completions. */
export function hasCompletionContent(choice: JsonObject): boolean {
  return isFilled(choice['text'])
}

// Mistral's content may be a list of parts, of which an empty text is no content.
function isFilled(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value !== ''
  if (!isArray(value)) return false
  return value.some((part) => isObject(part) && (part['type'] !== 'text' || part['text'] !== ''))
}
