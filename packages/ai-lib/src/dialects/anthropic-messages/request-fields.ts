// Typed fields of a request: what has the wrong form is refused with its path and with what was expected.
import { isArray, isObject, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import { AiError } from '../../errors/ai-error.ts'

export function refuse(param: string, expectation: string): never {
  throw new AiError('caller_invalid_request', { message: `"${param}" must be ${expectation}.`, param })
}

export function missing(param: string): never {
  throw new AiError('caller_missing_field', { message: `"${param}" is required.`, param })
}

export function pathOf(path: string, key: string | number): string {
  return path === '' ? String(key) : `${path}.${key}`
}

export function optionalString(object: JsonObject, key: string, path: string): string | undefined {
  const value = object[key] ?? undefined
  return value === undefined || typeof value === 'string' ? value : refuse(pathOf(path, key), 'a string')
}

export function requiredString(object: JsonObject, key: string, path: string): string {
  return optionalString(object, key, path) ?? missing(pathOf(path, key))
}

export function optionalNumber(object: JsonObject, key: string, path: string): number | undefined {
  const value = object[key] ?? undefined
  return value === undefined || typeof value === 'number' ? value : refuse(pathOf(path, key), 'a number')
}

export function optionalCount(object: JsonObject, key: string, path: string): number | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) return value
  return refuse(pathOf(path, key), 'a whole number that is not negative')
}

export function optionalBoolean(object: JsonObject, key: string, path: string): boolean | undefined {
  const value = object[key] ?? undefined
  return value === undefined || typeof value === 'boolean' ? value : refuse(pathOf(path, key), 'true or false')
}

export function optionalObject(object: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = object[key] ?? undefined
  return value === undefined || isObject(value) ? value : refuse(pathOf(path, key), 'an object')
}

export function requiredObject(object: JsonObject, key: string, path: string): JsonObject {
  return optionalObject(object, key, path) ?? missing(pathOf(path, key))
}

export function optionalArray(object: JsonObject, key: string, path: string): readonly JsonValue[] | undefined {
  const value = object[key] ?? undefined
  return value === undefined || isArray(value) ? value : refuse(pathOf(path, key), 'an array')
}

export function elementObject(value: JsonValue, path: string): JsonObject {
  return isObject(value) ? value : refuse(path, 'an object')
}
