// Reads the content blocks of a request into canonical parts.
import { isArray, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { type CacheMark, type Citation, type Part, toolCallId } from '../../chat/parts.ts'
import { readCitation } from './citations.ts'
import type { Leftovers } from './leftovers.ts'
import type { RawJson } from './raw-json.ts'
import { readDocument, readImage, readSearchResult } from './read-media.ts'
import {
  elementObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  pathOf,
  refuse,
  requiredObject,
  requiredString,
} from './request-fields.ts'
import { sealed, sealedText } from './seal.ts'

/** Where a block stands. */
export interface Place {
  readonly path: string
  readonly leftovers: Leftovers
  /** The block's own text, found only where it is needed. */
  raw(): RawJson | undefined
}

const textFields: ReadonlySet<string> = new Set(['type', 'text', 'citations', 'cache_control'])
const useFields: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input', 'caller', 'cache_control'])
const resultFields: ReadonlySet<string> = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control'])

/** Content as a string or as blocks. */
export function readContent(content: JsonValue | undefined, place: Place): readonly Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!isArray(content)) return refuse(place.path, 'a string or an array of blocks')
  return content.map((block, index) =>
    readBlock(elementObject(block, pathOf(place.path, index)), {
      path: pathOf(place.path, index),
      leftovers: place.leftovers,
      raw: () => place.raw()?.element(index),
    }),
  )
}

function readBlock(block: JsonObject, place: Place): Part {
  const { path } = place
  switch (requiredString(block, 'type', path)) {
    case 'text':
      return readText(block, place)
    case 'image':
      return readImage(block, path, readCache(block, path))
    case 'document':
      return readDocument(block, path, readCache(block, path)) ?? opaquePart(block, place)
    case 'search_result':
      return readSearchResult(block, path, readCache(block, path)) ?? opaquePart(block, place)
    case 'tool_use':
      return readToolUse(block, place)
    case 'tool_result':
      return readToolResult(block, place)
    case 'thinking':
      return readThinking(block, path)
    case 'redacted_thinking': {
      const seal = sealed({ type: 'redacted_thinking', data: requiredString(block, 'data', path) })
      return { type: 'reasoning', text: '', seal }
    }
    default:
      return opaquePart(block, place)
  }
}

export function readText(block: JsonObject, { path, leftovers }: Place): Part {
  leftovers.addUnknown(block, textFields, path)
  const cache = readCache(block, path)
  const citations = readCitations(block, path)
  return {
    type: 'text',
    text: requiredString(block, 'text', path),
    ...(citations.length === 0 ? {} : { citations }),
    ...(cache === undefined ? {} : { cache }),
  }
}

function readCitations(block: JsonObject, path: string): readonly Citation[] {
  const citations = optionalArray(block, 'citations', path) ?? []
  return citations.map((value, index) => readCitation(elementObject(value, pathOf(`${path}.citations`, index))))
}

function readToolUse(block: JsonObject, place: Place): Part {
  const { path, leftovers } = place
  leftovers.addUnknown(block, useFields, path)
  // `direct` is what every call says that the model made itself.
  const caller = optionalObject(block, 'caller', path)
  if (caller?.['type'] !== 'direct') leftovers.add(pathOf(path, 'caller'), caller)
  const input = requiredObject(block, 'input', path)
  const cache = readCache(block, path)
  return {
    type: 'tool-call',
    callId: toolCallId(requiredString(block, 'id', path)),
    name: requiredString(block, 'name', path),
    argsJson: place.raw()?.field('input')?.text ?? JSON.stringify(input),
    ...(cache === undefined ? {} : { cache }),
  }
}

function readToolResult(block: JsonObject, place: Place): Part {
  const { path, leftovers } = place
  leftovers.addUnknown(block, resultFields, path)
  const cache = readCache(block, path)
  const content = block['content'] ?? undefined
  const inside: Place = {
    path: pathOf(path, 'content'),
    leftovers,
    raw: () => place.raw()?.field('content'),
  }
  return {
    type: 'tool-result',
    callId: toolCallId(requiredString(block, 'tool_use_id', path)),
    parts: content === undefined ? [] : readContent(content, inside),
    isError: optionalBoolean(block, 'is_error', path) ?? false,
    ...(cache === undefined ? {} : { cache }),
  }
}

// Without a signature it is thinking of another provider that went through us: no seal, but the text is kept.
function readThinking(block: JsonObject, path: string): Part {
  const text = requiredString(block, 'thinking', path)
  const signature = optionalString(block, 'signature', path) ?? ''
  return signature === ''
    ? { type: 'reasoning', text }
    : { type: 'reasoning', text, seal: sealed({ type: 'thinking', signature }) }
}

function opaquePart(block: JsonObject, place: Place): Part {
  return { type: 'opaque', opaque: sealedText(place.raw()?.compactText ?? JSON.stringify(block)) }
}

/** The cache mark of a block or tool. */
export function readCache(block: JsonObject, path: string): CacheMark | undefined {
  const mark = optionalObject(block, 'cache_control', path)
  if (mark === undefined) return undefined
  const at = pathOf(path, 'cache_control')
  if (mark['type'] !== 'ephemeral') return refuse(pathOf(at, 'type'), '"ephemeral"')
  const ttl = mark['ttl'] ?? undefined
  if (ttl === undefined) return {}
  return ttl === '5m' || ttl === '1h' ? { ttl } : refuse(pathOf(at, 'ttl'), '"5m" or "1h"')
}
