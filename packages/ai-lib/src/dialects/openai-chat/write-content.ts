// Canonical parts as OpenAI content: a string where it is one plain text, else an array of parts.
import { isObject, tryParseJson, type JsonObject } from '../../bytes/json-value.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { CacheMark, Part } from '../../chat/parts.ts'
import { writeCacheMark } from './cache-mark.ts'
import { writeMedia, type MediaPart } from './media.ts'

/** What every piece of a request is written with. */
export interface RequestInk {
  readonly ledger: Ledger
  /** Whether the target understands `cache_control`. */
  readonly marks: boolean
}

/** A part with the path it has in the client's request. */
export interface PlacedPart {
  readonly part: Part
  readonly path: string
}

export function place(parts: readonly Part[], path: string): readonly PlacedPart[] {
  return parts.map((part, index) => ({ part, path: `${path}.content.${index}` }))
}

/** `cache_control` as a field ready to be spread, or a line on the ledger. */
export function inkMark(cache: CacheMark | undefined, path: string, ink: RequestInk): JsonObject {
  if (cache === undefined) return {}
  if (ink.marks) return writeCacheMark(cache)
  ink.ledger.dropped(`${path}.cache_control`, 'The target takes no cache marks.')
  return {}
}

/** Content parts of user, system and tool messages; what has no place is on the ledger. */
export function writeParts(
  parts: readonly PlacedPart[],
  ink: RequestInk,
  allowed: 'text' | 'all',
): readonly JsonObject[] {
  return parts.flatMap(({ part, path }) => {
    const written = writePart(part, path, ink, allowed)
    return written === undefined ? [] : [written]
  })
}

function writePart(part: Part, path: string, ink: RequestInk, allowed: 'text' | 'all'): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined)
        ink.ledger.dropped(`${path}.citations`, 'OpenAI takes no citations in requests.')
      return { type: 'text', text: part.text, ...inkMark(part.cache, path, ink) }
    case 'media':
      if (allowed === 'all') return inkMedia(part, path, ink)
      ink.ledger.dropped(path, 'OpenAI takes only text here.')
      return undefined
    case 'opaque':
      return writeOpaque(part, path, ink)
    case 'refusal':
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      ink.ledger.dropped(path, `OpenAI takes no ${part.type} in this message.`)
      return undefined
  }
}

/** A sealed part, if this dialect sealed it. */
export function writeOpaque(
  part: Extract<Part, { type: 'opaque' }>,
  path: string,
  ink: RequestInk,
): JsonObject | undefined {
  const value = part.opaque.dialect === 'openai-chat' ? tryParseJson(part.opaque.json) : undefined
  if (isObject(value)) return value
  ink.ledger.dropped(path, `Only ${part.opaque.dialect} knows this part.`)
  return undefined
}

export function inkMedia(media: MediaPart, path: string, ink: RequestInk): JsonObject | undefined {
  if (media.seal !== undefined && media.seal.dialect !== 'openai-chat')
    ink.ledger.dropped(path, `Document settings of ${media.seal.dialect} have no place.`)
  const written = writeMedia(media)
  if (written.kind === 'none') {
    ink.ledger.dropped(path, written.reason)
    return undefined
  }
  if (written.changed !== undefined) ink.ledger.changed(path, written.changed)
  if (written.added !== undefined) ink.ledger.added(`${path}.${written.added}`, 'OpenAI requires a file name.')
  return { ...written.part, ...inkMark(media.cache, path, ink) }
}

/** One plain text becomes a string, which every provider takes; none at all becomes an empty one. */
export function contentOf(parts: readonly JsonObject[]): string | readonly JsonObject[] {
  const [first] = parts
  if (first === undefined) return ''
  const isPlain = parts.length === 1 && first['type'] === 'text' && Object.keys(first).length === 2
  return isPlain && typeof first['text'] === 'string' ? first['text'] : parts
}
