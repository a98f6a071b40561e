// Cache marks in OpenAI requests: `cache_control` as OpenRouter and LiteLLM take it, and OpenAI's own breakpoints.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { CacheMark } from '../../chat/parts.ts'
import { below, optionalObject, optionalString, refuse } from './request-field.ts'

/** The mark on a content part, tool, tool call or message, as a field ready to be spread. */
export function readCacheMark(object: JsonObject, path: string): { readonly cache?: CacheMark } {
  const control = optionalObject(object, 'cache_control', path)
  if (control === undefined)
    return optionalObject(object, 'prompt_cache_breakpoint', path) === undefined ? {} : { cache: {} }
  const ttl = optionalString(control, 'ttl', below(path, 'cache_control'))
  if (ttl === undefined) return { cache: {} }
  if (ttl === '5m' || ttl === '1h') return { cache: { ttl } }
  return refuse(below(path, 'cache_control.ttl'), '"5m" or "1h"')
}

/** The mark as `cache_control`. */
export function writeCacheMark(cache: CacheMark | undefined): JsonObject {
  if (cache === undefined) return {}
  return { cache_control: cache.ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache.ttl } }
}
