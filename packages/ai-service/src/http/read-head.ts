// Reads a request's head and decides how its body is framed; whatever two hops could read differently is no request.
import { readFields } from 'ai-lib/internal/bytes/http-head'
import type { RequestHead } from './http-request.ts'

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }

export interface ReadHead extends RequestHead {
  readonly framing: BodyFraming
  /** The connection closes behind the answer. */
  readonly closes: boolean
  /** Value of Expect, lower-case; empty without one. */
  readonly expects: string
}

/** Methods are words; a target has no blank, no control character and nothing beyond ASCII. */
const requestLine = /^([A-Z][A-Z-]{0,19}) ([\x21-\x7e]+) HTTP\/1\.([01])\r\n/
const digits = /^\d{1,15}$/
/** More headers than any client sends, and fewer than make reading them a burden. */
const maxHeaders = 256
const none: BodyFraming = { kind: 'none' }
const chunked: BodyFraming = { kind: 'chunked' }

/** @returns why there is no reading it, or the head. */
export function readHead(text: string): ReadHead | 'malformed' | 'too-many' {
  const line = requestLine.exec(text)
  if (line === null) return 'malformed'
  const [start, method = '', url = '', minor] = line
  const rawHeaders = readFields(text.slice(start.length))
  if (rawHeaders === undefined) return 'malformed'
  if (rawHeaders.length > 2 * maxHeaders) return 'too-many'
  const httpVersion = minor === '1' ? '1.1' : '1.0'
  const seen = controlsOf(rawHeaders)
  const framing = framingOf(seen, httpVersion)
  if (framing === undefined) return 'malformed'
  const connection = seen.connection.toLowerCase()
  const closes = httpVersion === '1.1' ? connection.includes('close') : !connection.includes('keep-alive')
  // An old client, or a proxy that speaks as one, would take an interim answer for the answer.
  const expects = httpVersion === '1.1' ? seen.expects.toLowerCase() : ''
  return { method, url, httpVersion, rawHeaders, framing, closes, expects }
}

/** Headers that steer the connection itself. */
interface Controls {
  readonly lengths: string[]
  readonly codings: string[]
  connection: string
  expects: string
}

function controlsOf(raw: readonly string[]): Controls {
  const seen: Controls = { lengths: [], codings: [], connection: '', expects: '' }
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    // Their lengths tell nearly all other names apart without making lower-case copies.
    if (name.length === 14 && name.toLowerCase() === 'content-length') seen.lengths.push(value)
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') seen.codings.push(value)
    else if (name.length === 10 && name.toLowerCase() === 'connection') seen.connection += `${value},`
    else if (name.length === 6 && name.toLowerCase() === 'expect') seen.expects += value
  }
  return seen
}

function framingOf({ lengths, codings }: Controls, version: '1.0' | '1.1'): BodyFraming | undefined {
  if (codings.length > 0) {
    const isPlain = codings.length === 1 && lengths.length === 0 && version === '1.1'
    return isPlain && codings[0]?.toLowerCase() === 'chunked' ? chunked : undefined
  }
  if (lengths.length === 0) return none
  const [length = ''] = lengths
  if (lengths.length > 1 || !digits.test(length)) return undefined
  const bytes = Number(length)
  return bytes === 0 ? none : { kind: 'length', bytes }
}
