// Puts fields of an upstream's answer that become no event on a ledger: once per path, and a bounded number of them.
import { isArray, isObject, type JsonObject, type JsonValue } from '../bytes/json-value.ts'
import { Ledger, type Loss } from '../chat/losses.ts'

/** True where nothing of a field's value is lost: it is carried, looked into elsewhere, or missed by nobody. */
export type Claim = (value: JsonValue) => boolean
/** The fields that a reader knows in one place of an answer. */
export type Fields = ReadonlyMap<string, Claim>

/** @param metadata fields that no client misses, each with the reason why. */
export function fieldsOf(carried: Readonly<Record<string, Claim>>, metadata: Readonly<Record<string, string>>): Fields {
  return new Map([...Object.keys(metadata).map((key) => [key, () => true] as const), ...Object.entries(carried)])
}

/** The upstream chooses names and number of fields, so both have a bound. */
const maxPaths = 64
const maxPathLength = 200
const noPlace = 'Other dialects have no place for it.'

export class UnreadFields {
  readonly #ledger = new Ledger()
  readonly #paths = new Set<string>()

  get losses(): readonly Loss[] {
    return this.#ledger.losses
  }

  note(path: string, reason = noPlace): void {
    const at = path.slice(0, maxPathLength)
    if (this.#paths.size > maxPaths || this.#paths.has(at)) return
    this.#paths.add(at)
    if (this.#paths.size > maxPaths) this.#ledger.dropped('*', 'More is lost than the ledger lists.')
    else this.#ledger.dropped(at.replaceAll(/[^\w.*-]/g, '_'), reason)
  }

  noteUnread(object: JsonObject, fields: Fields, path: string): void {
    // No list of the keys: this runs for every token.
    for (const key in object) {
      if (fields.get(key)?.(object[key] ?? null) === true || isNeutral(object[key])) continue
      this.note(path === '' ? key : `${path}.${key}`)
    }
  }
}

/** Says nothing: null, empty, zero or false, and what holds only such. What nests deeper than an answer does is no such. */
export function isNeutral(value: JsonValue | undefined, depth = 4): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  if (depth === 0) return false
  if (isArray(value)) return value.every((entry) => isNeutral(entry, depth - 1))
  return isObject(value) && Object.values(value).every((entry) => isNeutral(entry, depth - 1))
}
