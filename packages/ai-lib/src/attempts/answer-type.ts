// Of what type an answer says that it is.
import type { ResponseHeaders } from '../dialects/dialect.ts'

export function contentType(headers: ResponseHeaders): string {
  const value = headers['content-type']
  return (typeof value === 'string' ? value : (value?.[0] ?? '')).toLowerCase()
}

export function isEventStream(headers: ResponseHeaders): boolean {
  return contentType(headers).startsWith('text/event-stream')
}
