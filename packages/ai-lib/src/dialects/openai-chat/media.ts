// Images, audio and files: OpenAI's content parts to and from canonical media.
import type { JsonObject } from '../../bytes/json-value.ts'
import type { MediaSource, Part } from '../../chat/parts.ts'
import { readCacheMark } from './cache-mark.ts'
import { below, optionalString, refuse, requiredObject, requiredString } from './request-field.ts'

export type MediaPart = Extract<Part, { type: 'media' }>

const extensionTypes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
  html: 'text/html',
}

/** `image_url`: a data URL becomes its bytes, a web address stays one. */
export function readImage(part: JsonObject, path: string): MediaPart {
  const image = requiredObject(part, 'image_url', path)
  const url = requiredString(image, 'url', below(path, 'image_url'))
  const detail = optionalString(image, 'detail', below(path, 'image_url'))
  const read = readUrl(url, below(path, 'image_url.url'), 'image/*')
  return { type: 'media', ...read, ...(detail === undefined ? {} : { detail }), ...readCacheMark(part, path) }
}

export function readAudio(part: JsonObject, path: string): MediaPart {
  const audio = requiredObject(part, 'input_audio', path)
  const data = requiredString(audio, 'data', below(path, 'input_audio'))
  const format = requiredString(audio, 'format', below(path, 'input_audio'))
  const mediaType = format === 'mp3' ? 'audio/mpeg' : `audio/${format}`
  return { type: 'media', mediaType, source: { kind: 'base64', data }, ...readCacheMark(part, path) }
}

export function readFile(part: JsonObject, path: string): MediaPart {
  const file = requiredObject(part, 'file', path)
  const at = below(path, 'file')
  const name = optionalString(file, 'filename', at)
  const data = optionalString(file, 'file_data', at)
  const fileId = optionalString(file, 'file_id', at)
  const rest = { ...(name === undefined ? {} : { name }), ...readCacheMark(part, path) }
  const byName =
    extensionTypes[name?.slice(name.lastIndexOf('.') + 1).toLowerCase() ?? ''] ?? 'application/octet-stream'
  if (data !== undefined) return { type: 'media', ...readFileData(data, below(at, 'file_data'), byName), ...rest }
  if (fileId === undefined) return refuse(at, 'an object with file_data or file_id')
  return { type: 'media', mediaType: byName, source: { kind: 'file', fileId, dialect: 'openai-chat' }, ...rest }
}

// OpenAI documents bare base64, its examples send data URLs, OpenRouter takes web addresses too.
function readFileData(data: string, path: string, byName: string): Pick<MediaPart, 'mediaType' | 'source'> {
  return /^(data:|https?:)/i.test(data)
    ? readUrl(data, path, byName)
    : { mediaType: byName, source: { kind: 'base64', data } }
}

function readUrl(url: string, path: string, unknownType: string): Pick<MediaPart, 'mediaType' | 'source'> {
  if (/^https?:\/\//i.test(url)) return { mediaType: unknownType, source: { kind: 'url', url } }
  if (!/^data:/i.test(url)) return refuse(path, 'an http, https or data URL')
  const comma = url.indexOf(',')
  if (comma === -1 || comma > 300) return refuse(path, 'a data URL of the form data:image/png;base64,…')
  const [type = '', ...options] = url.slice(5, comma).split(';')
  const mediaType = type.trim() === '' ? 'text/plain' : type.trim().toLowerCase()
  const payload = url.slice(comma + 1)
  const isBase64 = options.some((option) => option.trim().toLowerCase() === 'base64')
  return { mediaType, source: { kind: 'base64', data: isBase64 ? payload : encodeText(payload, path) } }
}

function encodeText(payload: string, path: string): string {
  try {
    return Buffer.from(decodeURIComponent(payload)).toString('base64')
  } catch {
    // decodeURIComponent throws for a lone %, which is the caller's mistake.
    return refuse(path, 'a data URL with valid percent-encoding')
  }
}

/** How a media part is written: as a content part, perhaps not exactly; or why it cannot be. */
export type WrittenMedia =
  | { readonly kind: 'part'; readonly part: JsonObject; readonly changed?: string; readonly added?: string }
  | { readonly kind: 'none'; readonly reason: string }

export function writeMedia(media: MediaPart): WrittenMedia {
  const { source, mediaType } = media
  if (source.kind === 'file') return writeFileId(media, source)
  if (source.kind === 'text')
    return { kind: 'part', part: { type: 'text', text: source.text }, changed: 'A text document becomes plain text.' }
  if (mediaType.startsWith('image/')) return writeImage(media, source)
  if (source.kind === 'url') return { kind: 'none', reason: `OpenAI takes no ${mediaType} by URL.` }
  if (mediaType.startsWith('audio/')) return writeAudio(mediaType, source.data)
  if (mediaType.startsWith('video/')) return { kind: 'none', reason: 'OpenAI takes no video.' }
  return writeFileData(media, source.data)
}

function writeFileId(media: MediaPart, source: Extract<MediaSource, { kind: 'file' }>): WrittenMedia {
  if (source.dialect !== 'openai-chat' && source.dialect !== 'openai-responses')
    return { kind: 'none', reason: `The file was uploaded to a provider of ${source.dialect}.` }
  const name = media.name === undefined ? {} : { filename: media.name }
  return { kind: 'part', part: { type: 'file', file: { file_id: source.fileId, ...name } } }
}

function writeImage(media: MediaPart, source: Extract<MediaSource, { kind: 'url' | 'base64' }>): WrittenMedia {
  const url = source.kind === 'url' ? source.url : `data:${media.mediaType};base64,${source.data}`
  const detail = media.detail === undefined ? {} : { detail: media.detail }
  return { kind: 'part', part: { type: 'image_url', image_url: { url, ...detail } } }
}

function writeAudio(mediaType: string, data: string): WrittenMedia {
  const subtype = mediaType.slice('audio/'.length)
  const format = subtype === 'mpeg' ? 'mp3' : subtype === 'x-wav' || subtype === 'wave' ? 'wav' : subtype
  return { kind: 'part', part: { type: 'input_audio', input_audio: { data, format } } }
}

function writeFileData(media: MediaPart, data: string): WrittenMedia {
  const filename = media.name ?? `document.${extensionOf(media.mediaType)}`
  const part = { type: 'file', file: { filename, file_data: `data:${media.mediaType};base64,${data}` } }
  return media.name === undefined ? { kind: 'part', part, added: 'file.filename' } : { kind: 'part', part }
}

function extensionOf(mediaType: string): string {
  return Object.entries(extensionTypes).find(([, type]) => type === mediaType)?.[0] ?? 'bin'
}
