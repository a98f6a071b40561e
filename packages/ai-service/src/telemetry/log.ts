// The service's log: one JSON object per line, of fields that we know; secrets are taken out of those that others wrote.
import { pino, stdTimeFunctions } from 'pino'
import { errorFields } from './error-fields.ts'
import type { ExchangeSummary } from './exchange-summary.ts'
import { type LogDestination, openLogDestination } from './log-destination.ts'
import { requestFields } from './request-fields.ts'
import { createRedactor, type Redactor } from '../redaction/redactor.ts'

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
  /** From the next line on. */
  setLevel(level: LogLevel): void
  /** Lines that the reader of the log missed. */
  readonly droppedLines: number
  /** Writes what is queued, for at most two seconds. */
  close(): Promise<void>
}

export interface LogParts {
  readonly level: LogLevel
  /** A stream, as a rule `process.stdout`, or a destination of one's own. */
  readonly destination: NodeJS.WritableStream | LogDestination
  /** Default: knows the shapes of keys, but none by value. */
  readonly redactor?: Pick<Redactor, 'excerpt'>
}

/** Characters of one logged string; the rest is cut off and counted. */
const maxText = 8 * 1024

/**
 * One serializer for all lines: ids, numbers, names of a closed set and texts of ours are written as they are, everything
 * else passes `free` first. Searching whole lines would cost more and could find a secret in a number.
 */
export function createLog({ level, destination: to, redactor = createRedactor() }: LogParts): Log {
  const free = (text: string): string => redactor.excerpt(text, maxText)
  const destination = 'droppedLines' in to ? to : openLogDestination(to)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(safeLine(line)) },
  )
  const at = (method: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(method)) logger[method](plainFields(fields, free), free(message))
  }
  // pino takes 3.3 µs for this line, JSON.stringify 1.1 µs: the one line that every request pays for goes around it.
  const writeRequest = (summary: ExchangeSummary): void => {
    const isWorrying = summary.outcome === 'failed' || summary.outcome === 'truncated'
    const level = isWorrying ? 'warn' : 'info'
    if (!logger.isLevelEnabled(level)) return
    const line = JSON.stringify(requestFields(summary, free, level, isoTime(Date.now())))
    destination.write(safeLine(`${line}\n`))
  }
  return {
    request: (summary) => writeRequest(summary),
    refused: ({ id, method, path, code, status }) =>
      logger.info(
        { request_id: id, method: free(method), path: free(path), status, code, outcome: 'refused' },
        'refused',
      ),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    setLevel(next) {
      logger.level = next
    },
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

function plainFields(fields: LogFields = {}, free: (text: string) => string): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    // Reserved: a second `time` in a line would be read by some and not by others.
    const key = name === 'time' || name === 'level' || name === 'message' ? `${name}_` : name
    plain[free(key)] = key === 'error' ? freed(errorFields(value), free) : freed(value, free)
  }
  return plain
}

function freed(value: unknown, free: (text: string) => string): unknown {
  if (typeof value === 'string') return free(value)
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => freed(item, free))
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if (Object.getPrototypeOf(value) !== Object.prototype) return `[${value.constructor.name}]`
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [free(name), freed(inner, free)]))
}

// JSON leaves these bare, and terminals or viewers act on them: DEL and C1 controls (U+009B starts an ANSI sequence),
// line and paragraph separators, marks that turn text around, and the byte order mark.
const active = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function safeLine(line: string): string {
  return line.replace(active, escaped)
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}
