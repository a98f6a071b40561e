// Content as a list of blocks, also where it was written as one string.
import { type JsonObject, objectsAt } from '../json.ts'

export function blocksOf(holder: JsonObject, key = 'content'): readonly JsonObject[] {
  const content: unknown = holder[key]
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsAt(holder, key)
}
