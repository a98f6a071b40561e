// Collects the fields of a request that the canonical form has no place for, so that none disappears silently.
import type { JsonObject, JsonValue } from '../../bytes/json-value.ts'
import type { Opaque } from '../../chat/opaque.ts'
import { pathOf } from './request-fields.ts'
import { sealed } from './seal.ts'

/**
 * Fields of the top level are kept under their names and written back to this dialect. Fields further in
 * (`messages.2.content.0.caller`) are kept under their paths: they can only be named on the ledger.
 */
export class Leftovers {
  readonly #fields: Record<string, JsonValue> = {}

  add(path: string, value: JsonValue | undefined): void {
    if (!isEmpty(value) && value !== undefined) this.#fields[path] = value
  }

  addUnknown(object: JsonObject, known: ReadonlySet<string>, path: string): void {
    for (const [key, value] of Object.entries(object)) if (!known.has(key)) this.add(pathOf(path, key), value)
  }

  get rest(): Opaque | undefined {
    return Object.keys(this.#fields).length === 0 ? undefined : sealed(this.#fields)
  }
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
