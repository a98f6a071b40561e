// Reads fields of a caller's request: the right type, absent, or an error that names the path and what was expected.
import { isArray, isObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { AiError } from '../../errors/ai-error.ts'

/** @throws AiError `caller_invalid_request` for the field at `path`. */
export function refuse(path: string, expectation: string): never {
  throw new AiError('caller_invalid_request', { message: `${path} must be ${expectation}.`, param: path })
}

/** The path of `key` below `path`; the top level has no prefix. */
export function below(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`
}

// Clients written in typed languages send null for what they leave out.
function given(object: JsonObject, key: string): JsonValue | undefined {
  const value = object[key]
  return value === null ? undefined : value
}

export function optionalString(object: JsonObject, key: string, path: string): string | undefined {
  const value = given(object, key)
  if (value === undefined || typeof value === 'string') return value
  return refuse(below(path, key), 'a string')
}

export function requiredString(object: JsonObject, key: string, path: string): string {
  return optionalString(object, key, path) ?? refuseMissing(below(path, key))
}

export function optionalNumber(object: JsonObject, key: string, path: string): number | undefined {
  const value = given(object, key)
  if (value === undefined || typeof value === 'number') return value
  return refuse(below(path, key), 'a number')
}

/** A positive whole number. */
export function optionalCount(object: JsonObject, key: string, path: string): number | undefined {
  const value = given(object, key)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  return refuse(below(path, key), 'a whole number above 0')
}

export function optionalBoolean(object: JsonObject, key: string, path: string): boolean | undefined {
  const value = given(object, key)
  if (value === undefined || typeof value === 'boolean') return value
  return refuse(below(path, key), 'true or false')
}

export function optionalObject(object: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = given(object, key)
  if (value === undefined || isObject(value)) return value
  return refuse(below(path, key), 'an object')
}

export function requiredObject(object: JsonObject, key: string, path: string): JsonObject {
  return optionalObject(object, key, path) ?? refuseMissing(below(path, key))
}

export function optionalArray(object: JsonObject, key: string, path: string): readonly JsonValue[] | undefined {
  const value = given(object, key)
  if (value === undefined || isArray(value)) return value
  return refuse(below(path, key), 'an array')
}

/** The members of an array field as objects with their paths. */
export function objectsIn(
  object: JsonObject,
  key: string,
  path: string,
): readonly { readonly value: JsonObject; readonly path: string }[] {
  return (optionalArray(object, key, path) ?? []).map((value, index) => {
    const at = below(below(path, key), index)
    return isObject(value) ? { value, path: at } : refuse(at, 'an object')
  })
}

function refuseMissing(path: string): never {
  throw new AiError('caller_missing_field', { message: `${path} is required.`, param: path })
}
