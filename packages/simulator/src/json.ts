// Reading parsed JSON without assertions: every look-up says what it found or that it found nothing.

export interface JsonObject {
  readonly [key: string]: unknown
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectAt(value: JsonObject, key: string): JsonObject | undefined {
  const found = value[key]
  return isObject(found) ? found : undefined
}

export function stringAt(value: JsonObject, key: string): string | undefined {
  const found = value[key]
  return typeof found === 'string' ? found : undefined
}

export function numberAt(value: JsonObject, key: string): number | undefined {
  const found = value[key]
  return typeof found === 'number' ? found : undefined
}

/** The objects of a list; anything else in the list, or no list at all, is left out. */
export function objectsAt(value: JsonObject, key: string): readonly JsonObject[] {
  const found: unknown = value[key]
  return Array.isArray(found) ? found.filter(isObject) : []
}

export function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}
