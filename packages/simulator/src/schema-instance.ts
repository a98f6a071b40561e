// The smallest JSON value that a schema accepts, for requests that ask for structured output.
import { isObject, type JsonObject, numberAt, objectAt, stringAt } from './json.ts'

// A schema that refers to itself has no smallest instance by this method: deeper than this it becomes null.
const MAX_DEPTH = 32

/** Strings are "text", numbers 0, lists empty and objects have what is required; patterns and formats are not looked at. */
export function instanceOf(schema: JsonObject): unknown {
  return build(schema, schema, 0)
}

function build(schema: unknown, root: JsonObject, depth: number): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return null
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0] ?? null
  if ('default' in schema) return schema['default']
  const reference = stringAt(schema, '$ref')
  if (reference !== undefined) return build(resolve(reference, root), root, depth + 1)
  const choice = firstOf(schema['anyOf']) ?? firstOf(schema['oneOf'])
  if (choice !== undefined) return build(choice, root, depth + 1)
  const whole = mergeAllOf(schema)
  return buildType(typeOf(whole), whole, root, depth)
}

function buildType(type: string | undefined, schema: JsonObject, root: JsonObject, depth: number): unknown {
  switch (type) {
    case 'string':
      return 'text'.padEnd(numberAt(schema, 'minLength') ?? 0, '.').slice(0, numberAt(schema, 'maxLength') ?? undefined)
    case 'number':
    case 'integer':
      return smallestNumber(schema)
    case 'boolean':
      return false
    case 'array':
      return Array.from({ length: numberAt(schema, 'minItems') ?? 0 }, () => build(schema['items'], root, depth + 1))
    case 'object':
      return buildObject(schema, root, depth)
    default:
      return null
  }
}

function buildObject(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = objectAt(schema, 'properties') ?? {}
  const required: unknown = schema['required']
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : Object.keys(properties)
  return Object.fromEntries(names.map((name) => [name, build(properties[name], root, depth + 1)]))
}

function smallestNumber(schema: JsonObject): number {
  const above = numberAt(schema, 'exclusiveMinimum')
  const least = numberAt(schema, 'minimum') ?? (above === undefined ? 0 : above + 1)
  const most = numberAt(schema, 'maximum')
  return most !== undefined && most < 0 ? most : Math.max(0, least)
}

function typeOf(schema: JsonObject): string | undefined {
  const type: unknown = schema['type']
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string').find((one) => one !== 'null') ?? 'null'
  if (typeof type === 'string') return type
  return objectAt(schema, 'properties') === undefined ? undefined : 'object'
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined
}

function mergeAllOf(schema: JsonObject): JsonObject {
  const parts: unknown = schema['allOf']
  if (!Array.isArray(parts)) return schema
  const [first] = parts.filter(isObject)
  return { ...first, ...schema }
}

function resolve(reference: string, root: JsonObject): unknown {
  if (!reference.startsWith('#')) return undefined
  const steps = reference
    .slice(1)
    .split('/')
    .filter((step) => step !== '')
  return steps.reduce<unknown>((value, step) => (isObject(value) ? value[unescapeStep(step)] : undefined), root)
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
