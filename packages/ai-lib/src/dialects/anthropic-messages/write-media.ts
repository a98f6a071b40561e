// Writes images and documents of a request.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Part } from '../../chat/parts.ts'
import { cacheText, memberTexts, objectText } from './json-text.ts'
import { unsealed } from './seal.ts'

type Media = Extract<Part, { type: 'media' }>

/** The block, or undefined where this dialect has none for it: then the ledger says so. */
export function writeMedia(part: Media, path: string, ledger: Ledger): string | undefined {
  const seal = unsealed(part.seal)
  if (part.seal !== undefined && seal === undefined)
    ledger.dropped(path, 'Settings of a document that only another provider knows.')
  if (typeof seal?.['type'] === 'string') return withCache(seal, part)
  const isImage = part.mediaType.startsWith('image/')
  const source = isImage ? imageSource(part) : documentSource(part)
  if (source === undefined) {
    ledger.dropped(path, reasonOf(part))
    return undefined
  }
  if (part.detail !== undefined && part.detail !== 'auto')
    ledger.dropped(`${path}.detail`, 'Image detail cannot be chosen.')
  const title = isImage || part.name === undefined ? {} : { title: part.name }
  return withCache({ type: isImage ? 'image' : 'document', source, ...title, ...seal }, part)
}

function withCache(block: JsonObject, part: Media): string {
  return objectText({ ...memberTexts(block), cache_control: cacheText(part.cache) })
}

function reasonOf(part: Media): string {
  if (part.source.kind === 'file') return 'A file that was uploaded to another provider.'
  return `No block carries ${part.mediaType} as ${part.source.kind}.`
}

function imageSource({ source, mediaType }: Media): JsonObject | undefined {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: mediaType, data: source.data }
    case 'url':
      return { type: 'url', url: source.url }
    case 'file':
      return source.dialect === 'anthropic-messages' ? { type: 'file', file_id: source.fileId } : undefined
    case 'text':
      return undefined
  }
}

function documentSource({ source, mediaType }: Media): JsonObject | undefined {
  const isPdf = mediaType === 'application/pdf'
  switch (source.kind) {
    case 'base64':
      if (isPdf) return { type: 'base64', media_type: mediaType, data: source.data }
      return isText(mediaType) ? plainText(Buffer.from(source.data, 'base64').toString('utf8')) : undefined
    case 'url':
      return isPdf ? { type: 'url', url: source.url } : undefined
    case 'text':
      return plainText(source.text)
    case 'file':
      return source.dialect === 'anthropic-messages' ? { type: 'file', file_id: source.fileId } : undefined
  }
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json'
}

function plainText(data: string): JsonObject {
  return { type: 'text', media_type: 'text/plain', data }
}
