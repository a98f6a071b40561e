// Sealed reasoning in OpenRouter's `reasoning_details`: the one OpenAI form that carries signatures there and back.
import { isObject, stringAt, tryParseJson, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Part } from '../../chat/parts.ts'

export type ReasoningPart = Extract<Part, { type: 'reasoning' }>

const anthropicFormat = 'anthropic-claude-v1'

/** One entry: text that goes on, a seal that ends its part, or both. */
export interface ReasoningDetail {
  readonly text: string
  readonly seal?: Opaque
}

export function readDetail(entry: JsonObject): ReasoningDetail {
  const text = stringAt(entry, 'text') ?? stringAt(entry, 'summary') ?? ''
  const signature = stringAt(entry, 'signature') ?? ''
  const data = stringAt(entry, 'data') ?? ''
  const format = stringAt(entry, 'format')
  if (signature === '' && data === '') return { text }
  if (format === undefined || format === anthropicFormat) {
    const block = signature === '' ? { type: 'redacted_thinking', data } : { type: 'thinking', signature }
    return { text, seal: { dialect: 'anthropic-messages', json: JSON.stringify(block) } }
  }
  const { text: _text, summary: _summary, ...rest } = entry
  return { text, seal: { dialect: 'openai-chat', json: JSON.stringify(rest) } }
}

/** Entries as parts. Clients hand streamed pieces back as they got them, so text goes on until a seal ends it. */
export function readDetails(entries: readonly JsonValue[]): readonly ReasoningPart[] {
  const parts: ReasoningPart[] = []
  let text = ''
  for (const entry of entries) {
    if (!isObject(entry)) continue
    const detail = readDetail(entry)
    // Encrypted data is a block of its own: text before it stays without a seal.
    const isApart = stringAt(entry, 'data') !== undefined
    if (isApart && text !== '') {
      parts.push({ type: 'reasoning', text })
      text = ''
    }
    text += detail.text
    if (detail.seal === undefined) continue
    parts.push({ type: 'reasoning', text, seal: detail.seal })
    text = ''
  }
  if (text !== '') parts.push({ type: 'reasoning', text })
  return parts
}

/** The fields of an entry that carry a seal, or undefined where OpenAI's dialects have no room for it. */
export function writeSeal(seal: Opaque): JsonObject | undefined {
  const value = tryParseJson(seal.json)
  if (!isObject(value)) return undefined
  if (seal.dialect === 'openai-chat') return value
  if (seal.dialect !== 'anthropic-messages') return undefined
  if (value['type'] === 'redacted_thinking')
    return { type: 'reasoning.encrypted', data: stringAt(value, 'data') ?? '', format: anthropicFormat }
  return { type: 'reasoning.text', signature: stringAt(value, 'signature') ?? '', format: anthropicFormat }
}

/** A whole reasoning part as an entry; undefined where its seal has no room. */
export function writeDetail(part: ReasoningPart): JsonObject | undefined {
  if (part.seal === undefined) return { type: 'reasoning.text', text: part.text }
  const sealed = writeSeal(part.seal)
  if (sealed === undefined) return undefined
  if (part.text === '' && sealed['type'] !== 'reasoning.text') return sealed
  return { ...sealed, ...(sealed['type'] === 'reasoning.summary' ? { summary: part.text } : { text: part.text }) }
}
