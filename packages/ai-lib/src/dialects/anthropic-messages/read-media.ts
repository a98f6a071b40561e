// Reads images, documents and search results of a request.
import { isArray, isObject, type JsonObject, type JsonValue, stringAt } from '../../bytes/json-value.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { CacheMark, MediaSource, Part } from '../../chat/parts.ts'
import { optionalString, pathOf, refuse, requiredObject, requiredString } from './request-fields.ts'
import { sealed } from './seal.ts'

type Media = Extract<Part, { type: 'media' }>

interface Source {
  readonly mediaType: string
  readonly source: MediaSource
}

export function readImage(block: JsonObject, path: string, cache: CacheMark | undefined): Media {
  const source = requiredObject(block, 'source', path)
  const { type: _type, source: _source, cache_control: _cache, ...extras } = block
  return mediaPart(readSource(source, pathOf(path, 'source'), 'image/*'), sealOf(extras), cache)
}

/** A document; one of content blocks is carried as its text, with the block itself sealed. */
export function readDocument(block: JsonObject, path: string, cache: CacheMark | undefined): Media | undefined {
  const source = requiredObject(block, 'source', path)
  const { type: _type, source: _source, cache_control: _cache, title: _title, ...extras } = block
  const name = optionalString(block, 'title', path)
  if (source['type'] === 'content') {
    const text = textOf(source['content'])
    return text === undefined ? undefined : mediaPart(plainText(text), wholeBlock(block), cache, name)
  }
  return mediaPart(readSource(source, pathOf(path, 'source'), 'application/pdf'), sealOf(extras), cache, name)
}

/** A search result, carried as its text with the block itself sealed. */
export function readSearchResult(block: JsonObject, path: string, cache: CacheMark | undefined): Media | undefined {
  const text = textOf(block['content'])
  const name = optionalString(block, 'title', path)
  return text === undefined ? undefined : mediaPart(plainText(text), wholeBlock(block), cache, name)
}

function readSource(source: JsonObject, path: string, bareType: string): Source {
  switch (source['type']) {
    case 'base64': {
      const data = requiredString(source, 'data', path)
      return { mediaType: requiredString(source, 'media_type', path), source: { kind: 'base64', data } }
    }
    case 'url':
      return { mediaType: bareType, source: { kind: 'url', url: requiredString(source, 'url', path) } }
    case 'text':
      return plainText(requiredString(source, 'data', path))
    case 'file': {
      const fileId = requiredString(source, 'file_id', path)
      return { mediaType: bareType, source: { kind: 'file', fileId, dialect: 'anthropic-messages' } }
    }
    default:
      return refuse(pathOf(path, 'type'), 'base64, url, text, content or file')
  }
}

function plainText(text: string): Source {
  return { mediaType: 'text/plain', source: { kind: 'text', text } }
}

// Undefined where other blocks than text are among the content.
function textOf(content: JsonValue | undefined): string | undefined {
  if (typeof content === 'string') return content
  if (!isArray(content)) return undefined
  const texts = content.map((block) =>
    isObject(block) && block['type'] === 'text' ? stringAt(block, 'text') : undefined,
  )
  return texts.includes(undefined) ? undefined : texts.join('\n\n')
}

function wholeBlock({ cache_control: _cache, ...block }: JsonObject): Opaque {
  return sealed(block)
}

function sealOf(extras: JsonObject): Opaque | undefined {
  const given = Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== null && value !== undefined))
  return Object.keys(given).length === 0 ? undefined : sealed(given)
}

function mediaPart(read: Source, seal: Opaque | undefined, cache: CacheMark | undefined, name?: string): Media {
  return {
    type: 'media',
    ...read,
    ...(name === undefined ? {} : { name }),
    ...(seal === undefined ? {} : { seal }),
    ...(cache === undefined ? {} : { cache }),
  }
}
