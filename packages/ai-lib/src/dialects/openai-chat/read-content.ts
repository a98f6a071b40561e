// Content of request messages: a string or an array of parts becomes canonical parts.
import { isArray, isObject, stringAt, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { Part } from '../../chat/parts.ts'
import { readCacheMark } from './cache-mark.ts'
import { readAudio, readFile, readImage } from './media.ts'
import { below, refuse, requiredString } from './request-field.ts'

/** Parts of a `content` field; null and absent are no parts. An empty string stays one empty text. */
export function readContent(message: JsonObject, path: string): readonly Part[] {
  const content = message['content']
  const at = below(path, 'content')
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!isArray(content)) return refuse(at, 'a string or an array of content parts')
  return content.map((part, index) => readPart(part, below(at, index)))
}

function readPart(part: JsonValue, path: string): Part {
  if (!isObject(part)) return refuse(path, 'an object with a type')
  const type = requiredString(part, 'type', path)
  switch (type) {
    case 'text':
      return { type: 'text', text: requiredString(part, 'text', path), ...readCacheMark(part, path) }
    case 'image_url':
      return readImage(part, path)
    case 'input_audio':
      return readAudio(part, path)
    case 'file':
      return readFile(part, path)
    case 'refusal':
      return { type: 'refusal', text: requiredString(part, 'refusal', path) }
    case 'thinking':
      return { type: 'reasoning', text: thinkingText(part['thinking']) }
    default:
      // What we do not know stays sealed: the same dialect gets it back, others see it on the ledger.
      return { type: 'opaque', opaque: { dialect: 'openai-chat', json: JSON.stringify(part) } }
  }
}

/** Mistral's `thinking`: a list of text parts. */
export function thinkingText(thinking: JsonValue | undefined): string {
  if (typeof thinking === 'string') return thinking
  if (!isArray(thinking)) return ''
  return thinking.map((part) => (isObject(part) ? (stringAt(part, 'text') ?? '') : '')).join('')
}
