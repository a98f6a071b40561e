// Takes secrets out of text, however they are encoded: log lines, and what providers say about an error.
//
// What it cannot do: find a secret that is shorter than eight characters (it would blank ordinary words), cut in two by
// other text, or encoded twice.
import { createHash } from 'node:crypto'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { createTextSearch } from './text-search.ts'

export type Scrubber = (text: string) => string

const shortest = 8
/** Credentials that no configuration names: what follows `Bearer`, and tokens that look like provider or caller keys. */
const shapes = String.raw`(?<=\b[Bb]earer\s{1,4})[\w.~+/=-]{8,}|(?<![A-Za-z0-9])(?:sk-|ais_)[\w-]{16,}`

/**
 * A function that puts `[redacted:<fingerprint>]` in place of every secret: raw, JSON-escaped, base64 at any offset,
 * hex and URL-encoded. The work is linear in the text: a search that mostly says no, then one pass of one pattern
 * whose alternatives are bounded.
 */
export function createScrubber(secrets: Iterable<Secret>): Scrubber {
  const fingerprints = new Map<string, string>()
  for (const secret of secrets) for (const form of formsOf(secret.reveal())) fingerprints.set(form, secret.fingerprint)
  // The longest first: of two secrets with one beginning the longer must not leave its end behind.
  const forms = [...fingerprints.keys()].toSorted((left, right) => right.length - left.length)
  const pattern = new RegExp([...forms.map((form) => escapePattern(form)), shapes].join('|'), 'g')
  const hasSecret = createTextSearch(forms)
  return (text) => {
    // Nearly every text is clean: finding that out must cost next to nothing.
    if (!hasSecret(text) && !hasShape(text)) return text
    return text.replace(pattern, (found) => `[redacted:${fingerprints.get(found) ?? fingerprintOf(found)}]`)
  }
}

function hasShape(text: string): boolean {
  return text.includes('sk-') || text.includes('ais_') || text.includes('earer')
}

function formsOf(value: string): readonly string[] {
  if (value.length < shortest) return []
  const bytes = Buffer.from(value)
  const hex = bytes.toString('hex')
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams({ value }).toString().slice('value='.length),
    hex,
    hex.toUpperCase(),
    ...base64Forms(bytes),
  ]
  return [...new Set(forms)].filter((form) => form.length >= shortest)
}

// Inside longer base64 (`user:key` of Basic authentication) the letters depend on the offset modulo three. Those that
// hold bits of a neighbour are left out: what remains is the same whatever stands around.
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    const from = Math.ceil((offset * 8) / 6)
    const to = Math.floor((shifted.length * 8) / 6)
    return [shifted.toString('base64').slice(from, to), shifted.toString('base64url').slice(from, to)]
  })
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
