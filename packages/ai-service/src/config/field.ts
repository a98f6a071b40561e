// Building blocks of the schema: each leaf knows in words what it expects, so that an error can say it.
import * as z from 'zod'
import { parseReference } from '../secrets/sources.ts'
import { DATE, DURATION, parseDateMs, parseDurationMs, parseRate, parseSizeBytes, RATE, SIZE } from './units.ts'

/** Starts the message of whatever a later version will have; the path follows it. */
export const NOT_YET = 'not available in this version'

/** A section with these keys and no others. Its error carries the keys, for "did you mean". */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(' ')
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : 'a section (key: value)'),
  })
}

/** A key that is known and refused by name. */
export function notYet(description: string) {
  return z
    .never({ error: () => NOT_YET })
    .optional()
    .meta({ description: `Not available in this version: ${description}` })
}

/** One of `values`; one of `later` is refused by name. */
export function oneOf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  later: readonly string[] = [],
) {
  return z.enum(values, {
    error: ({ input }) =>
      typeof input === 'string' && later.includes(input) ? `${NOT_YET} ${input}` : `one of ${values.join(', ')}`,
  })
}

export function text(expected: string, pattern: RegExp, maxLength = 1024) {
  return z.string({ error: expected }).max(maxLength, { error: expected }).regex(pattern, { error: expected })
}

export function flag() {
  return z.boolean({ error: 'true or false' })
}

export function whole(minimum: number, maximum: number) {
  const expected = `a whole number from ${minimum} to ${maximum}`
  return z.int({ error: expected }).min(minimum, { error: expected }).max(maximum, { error: expected })
}

export function weight() {
  const expected = 'a number above 0, up to 1000'
  return z.number({ error: expected }).positive({ error: expected }).max(1000, { error: expected })
}

/** A part of a whole. */
export function share() {
  const expected = 'a number above 0, up to 1'
  return z.number({ error: expected }).positive({ error: expected }).max(1, { error: expected })
}

export function port() {
  return whole(0, 65_535)
}

// setTimeout turns anything longer than this into one millisecond.
const MAX_TIMER_MS = 2 ** 31 - 1

/** A duration, read as milliseconds. */
export function duration(minimumMs = 1, atLeast = minimumMs > 0 ? 'above 0' : '') {
  const expected = `a duration such as 250ms, 30s, 5m or 24h${atLeast === '' ? '' : `, ${atLeast}`}, up to 24d`
  return text(expected, DURATION).transform((value, context) => {
    const parsedMs = parseDurationMs(value)
    if (parsedMs !== undefined && parsedMs >= minimumMs && parsedMs <= MAX_TIMER_MS) return parsedMs
    context.issues.push({ code: 'invalid_value', values: [], input: value, message: expected })
    return z.NEVER
  })
}

/** A size, read as bytes. */
export function size(minimumBytes = 1) {
  const expected = `a size such as 256KiB, 32MiB or 1GB${minimumBytes > 0 ? ', above 0' : ''}`
  return text(expected, SIZE).transform((value, context) => {
    const bytes = parseSizeBytes(value)
    if (bytes !== undefined && bytes >= minimumBytes && Number.isSafeInteger(bytes)) return bytes
    context.issues.push({ code: 'invalid_value', values: [], input: value, message: expected })
    return z.NEVER
  })
}

/** A rate, read as count and window. */
export function rate() {
  const expected = 'a rate such as 600/1m or 10/s, both above 0'
  return text(expected, RATE).transform((value, context) => {
    const parsed = parseRate(value)
    if (parsed !== undefined && parsed.count > 0 && parsed.windowMs > 0) return parsed
    context.issues.push({ code: 'invalid_value', values: [], input: value, message: expected })
    return z.NEVER
  })
}

/** A day (midnight UTC) or a time, read as milliseconds since the epoch. */
export function date() {
  const expected = 'a date such as 2027-01-01 or a time such as 2027-01-01T12:00:00Z'
  return text(expected, DATE).transform((value, context) => {
    const timeMs = parseDateMs(value)
    if (timeMs !== undefined) return timeMs
    context.issues.push({ code: 'invalid_value', values: [], input: value, message: expected })
    return z.NEVER
  })
}

/** A list of at most `maximum` items. */
export function list<Item extends z.ZodType>(item: Item, what: string, minimum = 0, maximum = 10_000) {
  const expected = minimum > 0 ? `a list with at least one ${what}` : `a list of ${what}`
  return z
    .array(item, { error: expected })
    .min(minimum, { error: expected })
    .max(maximum, { error: `at most ${maximum}` })
}

/** Names of somebody's choice, each with a section. */
export function named<Value extends z.ZodType>(name: z.ZodType<string, string>, value: Value) {
  return z.record(name, value, { error: 'a section of names (name: …)' })
}

/** A host name or address, IPv6 without brackets. */
export const HOST = /^[A-Za-z0-9._:%-]{1,255}$/

/** Letters, digits, dot, dash and underscore: safe in headers, metrics and logs. */
export function plainName(what: string) {
  return text(`${what}: up to 64 letters, digits, ".", "-", "_"`, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
}

/** A reference to a secret, judged with a message that never shows what was written. */
export function reference() {
  return z
    .string({ error: 'a reference such as env:NAME, file:/path or vault:mount/path#field' })
    .check((context) => {
      const parsed = parseReference(context.value)
      if (parsed.kind === 'reference') return
      const message = parsed.kind === 'refused' ? parsed.why : `${NOT_YET} (${parsed.scheme}: references)`
      context.issues.push({ code: 'custom', input: context.value, message })
    })
    .meta({
      description: 'A reference, never the secret itself: `env:NAME`, `file:/path` or `vault:mount/path#field`.',
      pattern: '^(env|file|vault):.+',
    })
}

/** A URL, a reference to one, or a URL with `${NAME}` in it. */
export function urlValue(expected: string) {
  return z.string({ error: expected }).min(1, { error: expected }).max(4096, { error: expected })
}

/** A path, also written `file:/path`. */
export function filePath() {
  // oxlint-disable-next-line no-control-regex -- what a path cannot hold
  return text('a path on one line', /^[^\u0000\n\r]+$/, 4096)
}
