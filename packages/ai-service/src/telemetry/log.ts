// The service's log: one JSON object per line, of fields that we know, with secrets taken out.
import { pino, stdTimeFunctions } from 'pino'
import { errorFields } from './error-fields.ts'
import type { ExchangeSummary } from './exchange-summary.ts'
import { type LogDestination, openLogDestination } from './log-destination.ts'
import { requestFields } from './request-fields.ts'
import { createScrubber, type Scrubber } from './scrub.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export type LogField = string | number | boolean | null | undefined | readonly string[]

/** `error` takes whatever was thrown; the other fields are plain values. */
export type LogFields =
  | { readonly [name: string]: LogField }
  | { readonly error: unknown; readonly [name: string]: unknown }

/** A request that was answered before it became an exchange. */
export interface RefusedRequest {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly code: string
  readonly status: number
}

export interface Log {
  /** The one line of an exchange. */
  request(summary: ExchangeSummary): void
  refused(request: RefusedRequest): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** Lines that the reader of the log missed. */
  readonly droppedLines: number
  /** Writes what is queued, for at most two seconds. */
  close(): Promise<void>
}

export interface LogParts {
  readonly level: LogLevel
  /** A stream, as a rule `process.stdout`, or a destination of one's own. */
  readonly destination: NodeJS.WritableStream | LogDestination
  /** Applied to every whole line. Default: knows the shapes of keys, but none by value. */
  readonly scrub?: Scrubber
}

/** Characters of one logged string; the rest is cut off and counted. */
const maxText = 8 * 1024

export function createLog({ level, destination: to, scrub = createScrubber([]) }: LogParts): Log {
  const destination = 'droppedLines' in to ? to : openLogDestination(to)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(safeLine(line, scrub)) },
  )
  const at = (method: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(method)) logger[method](plainFields(fields), cut(message))
  }
  // pino takes 3.3 µs for this line, JSON.stringify 1.1 µs: the one line that every request pays for goes around it.
  const writeRequest = (summary: ExchangeSummary): void => {
    const isWorrying = summary.outcome === 'failed' || summary.outcome === 'truncated'
    const level = isWorrying ? 'warn' : 'info'
    if (!logger.isLevelEnabled(level)) return
    const line = JSON.stringify(requestFields(summary, cut, level, isoTime(Date.now())))
    destination.write(safeLine(`${line}\n`, scrub))
  }
  return {
    request: (summary) => writeRequest(summary),
    refused: ({ id, method, path, code, status }) =>
      logger.info(
        { request_id: id, method: cut(method), path: cut(path), status, code, outcome: 'refused' },
        'refused',
      ),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    get droppedLines() {
      return destination.droppedLines
    },
    close: () => destination.close(),
  }
}

let isoSecond = 0
let isoPrefix = ''

// The date part changes once a second: formatting it for every line costs more than the rest of the time.
function isoTime(nowMs: number): string {
  const second = Math.floor(nowMs / 1_000)
  if (second !== isoSecond) {
    isoSecond = second
    isoPrefix = new Date(second * 1_000).toISOString().slice(0, 20)
  }
  return `${isoPrefix}${String(nowMs % 1_000).padStart(3, '0')}Z`
}

function plainFields(fields: LogFields = {}): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    // Reserved: a second `time` in a line would be read by some and not by others.
    const key = name === 'time' || name === 'level' || name === 'message' ? `${name}_` : name
    plain[key] = key === 'error' ? cutAll(errorFields(value)) : cutAll(value)
  }
  return plain
}

function cutAll(value: unknown): unknown {
  if (typeof value === 'string') return cut(value)
  if (Array.isArray(value)) return value.slice(0, 100).map(cutAll)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (Object.getPrototypeOf(value) !== Object.prototype) return `[${value.constructor.name}]`
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cutAll(inner)]))
}

function cut(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}… (${text.length - maxText} more)`
}

// JSON leaves these bare, and terminals or viewers act on them: DEL and C1 controls (U+009B starts an ANSI sequence),
// line and paragraph separators, marks that turn text around, and the byte order mark.
const active = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function safeLine(line: string, scrub: Scrubber): string {
  const scrubbed = scrub(line)
  const safe = scrubbed.replace(active, escaped)
  return scrubbed === line || isJson(scrubbed) ? safe : withheld
}

const withheld = `${JSON.stringify({ level: 'warn', message: 'a log line was withheld: a secret was part of its structure' })}\n`

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}

// A secret of digits alone may have stood where a number was: then what replaced it is no JSON.
function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false // The caller withholds the line: that is the answer to it.
  }
}
