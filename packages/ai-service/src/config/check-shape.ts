// Holds a value against the schema and says each mistake in words: found this, expected that.
import type * as z from 'zod'
import { NOT_YET } from './field.ts'
import { didYouMean } from './nearest.ts'
import { type Findings, formatPath, type Path, showName } from './problem.ts'
import { type ConfigFile, configSchema } from './schema.ts'

/** The file's value with units read; `undefined` where problems were found. An empty file is an empty config. */
export function checkShape(value: unknown, findings: Findings): ConfigFile | undefined {
  const plain = value ?? {}
  const result = configSchema.safeParse(plain)
  if (result.success) return result.data
  for (const issue of result.error.issues) report(issue, plain, findings)
  return undefined
}

function report(issue: z.core.$ZodIssue, root: unknown, findings: Findings): void {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  if (issue.code === 'unrecognized_keys') return reportUnknownKeys(issue, path, findings)
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? 'a name'
    return findings.problem(path, `found this name, expected ${expected}`, 'key')
  }
  if (issue.message.startsWith(NOT_YET)) {
    return findings.problem(path, `${NOT_YET}: ${formatPath(path)}${issue.message.slice(NOT_YET.length)}`, 'key')
  }
  if (issue.code === 'custom') return findings.problem(path, issue.message)
  const found = valueAt(root, path)
  const hint = typeof found === 'string' && issue.code === 'invalid_value' ? suggest(found, issue) : ''
  findings.problem(path, `found ${shown(found, issue.message) ?? describe(found)}, expected ${issue.message}${hint}`)
}

function reportUnknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, path: Path, findings: Findings): void {
  const known = issue.message.split(' ')
  for (const key of issue.keys) {
    const hint = didYouMean(key, known) || `; known here: ${known.join(', ')}`
    findings.problem([...path, key], `found an unknown key${showName(key) === key ? ` ${key}` : ''}${hint}`, 'key')
  }
}

function suggest(found: string, issue: z.core.$ZodIssueInvalidValue): string {
  return didYouMean(found, issue.values.map(String))
}

const measures = /^a (?:whole number|number|duration|size|rate|date)\b/
/** `70000`, `59s`, `1.5 hours`, `10/x`: nobody's secret is so short and looks so much like what was asked for. */
const measured = /^[-+]?\d[\d.,_-]{0,11} ?[A-Za-z]{0,7}(?:\/\d{0,4}[A-Za-z]{0,7})?$/

/** A number, duration or the like that is out of its range, as it was written; undefined where it may be something else. */
function shown(value: unknown, expected: string): string | undefined {
  if (!measures.test(expected)) return undefined
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && measured.test(value) ? `"${value}"` : undefined
}

/** What kind of value it is; the value itself may be a secret in the wrong place. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'string') return value === '' ? 'an empty text' : `a text of ${value.length} characters`
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number'
  return typeof value === 'boolean' ? String(value) : 'a section'
}

function valueAt(root: unknown, path: Path): unknown {
  let value: unknown = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}
