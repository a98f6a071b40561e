// Builds JSON text from pieces of JSON text, so that raw tool arguments and sealed blocks go in as they are.
import { isObject, tryParseJson } from '../../bytes/json-value.ts'
import type { CacheMark } from '../../chat/parts.ts'
import { compactJson } from './raw-json.ts'

/** An object of members that are JSON text already; undefined ones are left out. */
export function objectText(members: Readonly<Record<string, string | undefined>>): string {
  const texts: string[] = []
  for (const [key, text] of Object.entries(members))
    if (text !== undefined) texts.push(`${JSON.stringify(key)}:${text}`)
  return `{${texts.join(',')}}`
}

export function arrayText(elements: readonly string[]): string {
  return `[${elements.join(',')}]`
}

/** The texts of an object's members. */
export function memberTexts(object: Readonly<Record<string, unknown>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, textOf(value)]))
}

/** JSON text of a value, or undefined for undefined. */
export function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

export function cacheText(mark: CacheMark | undefined): string | undefined {
  if (mark === undefined) return undefined
  return JSON.stringify({ type: 'ephemeral', ...(mark.ttl === undefined ? {} : { ttl: mark.ttl }) })
}

/**
 * Arguments of a tool call as text of a JSON object, raw; undefined where they are none: text of a model must not be
 * spliced into JSON unchecked.
 */
export function argumentsObject(argsJson: string): string | undefined {
  if (argsJson.trim() === '') return '{}'
  return isObject(tryParseJson(argsJson)) ? argsJson.trim() : undefined
}

/** JSON text without line breaks, which would end a `data:` line. */
export function oneLine(json: string): string {
  return /[\n\r]/.test(json) ? compactJson(json) : json
}
