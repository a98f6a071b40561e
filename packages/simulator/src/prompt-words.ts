// Counts the prompt's words into fresh and cached ones by the cache marks on its texts.
import { countWords, type PromptWords } from './conversation.ts'
import { isObject, type JsonObject } from './json.ts'

export interface PromptText {
  readonly text: string
  readonly from: 'system' | 'messages'
  readonly mark: 'none' | '5m' | '1h'
}

/** Stateless on purpose: what a mark in the system text closes counts as read, what a mark in the messages closes as written. */
export function sumPromptWords(texts: readonly PromptText[]): PromptWords {
  const readEnd = texts.findLastIndex((one) => one.from === 'system' && one.mark !== 'none')
  const writeEnd = texts.findLastIndex((one) => one.from === 'messages' && one.mark !== 'none')
  const count = (from: number, to: number) =>
    texts.slice(from, Math.max(from, to)).reduce((sum, one) => sum + countWords(one.text), 0)
  const written = count(readEnd + 1, writeEnd + 1)
  const forAnHour = texts[writeEnd]?.mark === '1h'
  return {
    cacheRead: count(0, readEnd + 1),
    cacheWrite: forAnHour ? 0 : written,
    cacheWriteHour: forAnHour ? written : 0,
    fresh: count(Math.max(readEnd, writeEnd) + 1, texts.length),
  }
}

export function cacheMark(part: JsonObject): PromptText['mark'] {
  const mark = part['cache_control']
  if (!isObject(mark)) return 'none'
  return mark['ttl'] === '1h' ? '1h' : '5m'
}
