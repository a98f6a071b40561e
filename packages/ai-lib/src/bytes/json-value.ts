// Typed access to parsed JSON: `unknown` comes in at the door, and these are the only ways further in.
import { AiError } from '../errors/ai-error.ts'
import type { ErrorCode } from '../errors/error-codes.ts'
import { scanJson } from './json-scan.ts'

/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
/** An object of JSON, such as the schema of a tool. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined
}

/** Bounds for bodies that become an object tree: parsing beyond them blocks the loop for longer than a request may. */
export const parseBounds = { depth: 64, nodes: 200_000 } as const

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value)
}

// Each letter may hide behind an escape; a reviver costs several times the parse, so only such texts pay for it.
const prototypeKey =
  /(?:_|\\u005[fF]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[fF])(?:t|\\u0074)(?:o|\\u006[fF])(?:_|\\u005[fF]){2}/

function parse(text: string): JsonValue {
  const value: unknown = prototypeKey.test(text) ? JSON.parse(text, withoutPrototypeKey) : JSON.parse(text)
  return isJson(value) ? value : null
}

/** What JSON.parse gives is JSON, but for the undefined that the reviver makes of a lone dropped key. */
function isJson(value: unknown): value is JsonValue {
  return value !== undefined
}

// `__proto__` from a body must not become a prototype anywhere it is copied to.
function withoutPrototypeKey(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined
  return value
}

/**
 * Parses a body into a JSON object within the bounds.
 * @throws AiError with `code` where the text is no JSON object or exceeds the bounds.
 */
export function parseJsonObject(bytes: Uint8Array, code: ErrorCode = 'caller_invalid_json'): JsonObject {
  const scan = scanJson(bytes, code)
  if (scan.depth > parseBounds.depth)
    throw new AiError(code, { message: `It nests deeper than ${parseBounds.depth} levels.` })
  if (scan.nodes > parseBounds.nodes)
    throw new AiError(code, { message: `It has more than ${parseBounds.nodes} values.` })
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const value = parsed(text, code)
  if (!isObject(value)) throw new AiError(code, { message: 'It must be a JSON object.' })
  return value
}

function parsed(text: string, code: ErrorCode): unknown {
  try {
    return parse(text)
  } catch (cause) {
    // The scan lets raw control characters in long strings pass: they are the parser's to refuse.
    throw new AiError(code, { message: 'A string holds a control character.' }, { cause })
  }
}

/** Parses JSON text, or gives undefined where it is no JSON. */
export function tryParseJson(text: string): JsonValue | undefined {
  try {
    return parse(text)
  } catch {
    // Not JSON is an answer here, not a fault: the caller weighs it.
    return undefined
  }
}

export function stringAt(object: JsonObject, key: string): string | undefined {
  const value = object[key]
  return typeof value === 'string' ? value : undefined
}

export function numberAt(object: JsonObject, key: string): number | undefined {
  const value = object[key]
  return typeof value === 'number' ? value : undefined
}

export function booleanAt(object: JsonObject, key: string): boolean | undefined {
  const value = object[key]
  return typeof value === 'boolean' ? value : undefined
}

export function objectAt(object: JsonObject, key: string): JsonObject | undefined {
  const value = object[key]
  return isObject(value) ? value : undefined
}

export function arrayAt(object: JsonObject, key: string): readonly JsonValue[] | undefined {
  const value = object[key]
  return isArray(value) ? value : undefined
}

/** A count of tokens as providers report it: negative, fractional, huge or non-numeric figures become 0 or are clamped. */
export function tokensAt(object: JsonObject, key: string): number {
  const value = object[key]
  if (typeof value !== 'number' || !(value > 0)) return 0
  return Math.min(Math.floor(value), 1_000_000_000)
}
