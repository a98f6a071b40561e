// What an answer in OpenAI's form cannot carry, one line on the ledger per kind of thing.
import { isObject, stringAt, tryParseJson, type JsonObject } from '../../bytes/json-value.ts'
import type { Ledger } from '../../chat/losses.ts'
import type { Opaque } from '../../chat/opaque.ts'
import type { Citation } from '../../chat/parts.ts'

/** Path of the one choice in an answer. */
export const answerPath = 'choices.0'

// An answer may hold hundreds of the same kind; one line says it.
function once(ledger: Ledger, path: string, reason: string): void {
  if (!ledger.losses.some((loss) => loss.path === path && loss.reason === reason)) ledger.dropped(path, reason)
}

export function noteCitation(citation: Citation, written: JsonObject | undefined, ledger: Ledger): void {
  const path = `${answerPath}.message.annotations`
  if (written === undefined) once(ledger, path, 'OpenAI cites only web addresses.')
  else if (citation.citedText !== undefined) once(ledger, path, 'OpenAI names no cited text.')
}

export function noteSeal(seal: Opaque, written: JsonObject | undefined, ledger: Ledger): void {
  if (written === undefined)
    once(ledger, `${answerPath}.message.reasoning_details`, `A seal of ${seal.dialect} has no place.`)
}

export function noteOpaque(opaque: Opaque, ledger: Ledger): void {
  const value = tryParseJson(opaque.json)
  const type = isObject(value) ? (stringAt(value, 'type') ?? 'unknown') : 'unknown'
  once(ledger, `${answerPath}.message.content`, `Only ${opaque.dialect} knows the block ${type.slice(0, 60)}.`)
}
