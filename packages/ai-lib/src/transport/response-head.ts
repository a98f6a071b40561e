// Reads an upstream's response head: status, headers, and how the body behind it is framed.
import { readFields } from '../bytes/http-head.ts'
import type { AnswerHeaders } from './transport.ts'

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Up to the end of the connection. */
  | { readonly kind: 'close' }

export interface ResponseHead {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly framing: Framing
  /** Whether the connection may carry another request. */
  readonly isKept: boolean
  /** Milliseconds after which the upstream says it will close an idle connection. */
  readonly keepAliveMs: number | undefined
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/
const digits = /^\d{1,15}$/
const none: Framing = { kind: 'none' }
const chunked: Framing = { kind: 'chunked' }
const untilClose: Framing = { kind: 'close' }

/** @returns undefined where the head is no HTTP/1.1, or its framing could be read in two ways. */
export function readResponseHead(text: string): ResponseHead | undefined {
  const line = statusLine.exec(text)
  if (line === null) return undefined
  const fields = readFields(text.slice(line[0].length))
  if (fields === undefined) return undefined
  const headers = collect(fields)
  const status = Number(line[2])
  const isOld = line[1] === '0'
  const framing = framingOf(status, headers, isOld)
  if (framing === undefined) return undefined
  const connection = joined(headers['connection']).toLowerCase()
  const isKept = framing.kind !== 'close' && !connection.includes('close') && (!isOld || connection === 'keep-alive')
  return { status, headers, framing, isKept, keepAliveMs: keepAliveOf(headers['keep-alive']) }
}

function collect(fields: readonly string[]): Record<string, string | string[]> {
  const headers = withoutPrototype()
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = (fields[index] ?? '').toLowerCase()
    const value = fields[index + 1] ?? ''
    const present = headers[name]
    if (present === undefined) headers[name] = value
    else if (typeof present === 'string') headers[name] = [present, value]
    else present.push(value)
  }
  return headers
}

// A header may be named `__proto__` or `constructor`.
function withoutPrototype(): Record<string, string | string[]> {
  // oxlint-disable-next-line typescript/no-unsafe-return -- Object.create is declared to give any; this one is empty.
  return Object.create(null)
}

function framingOf(status: number, headers: AnswerHeaders, isOld: boolean): Framing | undefined {
  const length = headers['content-length']
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    const isPlain = typeof coding === 'string' && coding.toLowerCase() === 'chunked' && length === undefined && !isOld
    return isPlain ? chunked : undefined
  }
  if (length !== undefined && (typeof length !== 'string' || !digits.test(length))) return undefined
  if (status < 200 || status === 204 || status === 304) return none
  if (length === undefined) return untilClose
  return length === '0' ? none : { kind: 'length', bytes: Number(length) }
}

function keepAliveOf(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = /timeout=(\d{1,6})/i.exec(joined(header))?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

function joined(header: string | readonly string[] | undefined): string {
  return header === undefined ? '' : typeof header === 'string' ? header : header.join(',')
}
