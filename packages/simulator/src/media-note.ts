// One line about a media part, so that a test sees that the very bytes came through.
import type { MediaNote } from './conversation.ts'

/** A `data:` URL shows its type and decoded size; any other address shows itself. */
export function noteOfUrl(kind: MediaNote['kind'], url: string): MediaNote {
  const match = /^data:([^;,]*)(?:;[^,]*)?;base64,/.exec(url)
  if (match === null) return { kind, detail: url }
  return noteOfBase64(kind, match[1] ?? '', url.slice(match[0].length))
}

export function noteOfBase64(kind: MediaNote['kind'], mediaType: string, base64: string): MediaNote {
  return { kind, detail: `${mediaType} ${Buffer.byteLength(base64, 'base64')} bytes` }
}

export function writeNote(note: MediaNote): string {
  return `[${note.kind} ${note.detail}]`
}
