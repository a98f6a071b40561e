// The rules of known vendors' secrets, as data: read when they are first needed.
import { readFileSync } from 'node:fs'

export interface RedactionRule {
  readonly id: string
  /** In lower case; a text without any of them is not looked at. */
  readonly keywords: readonly string[]
  /** In RE2's syntax: for no engine that backtracks. */
  readonly regex: string
  /** Letters without a blank between them that every match has. */
  readonly run: number
  /** A match has a sign of assignment, and behind it its longest run. */
  readonly assigns?: true
  /** No letter of a match is farther than this from its keyword. Absent: a match may be anywhere. */
  readonly reach?: number
  /** A match may go on beyond its reach, to the end of the word. */
  readonly endsWithWord?: true
  /** Bits per letter that a secret must have more of. */
  readonly entropy?: number
  /** The group that is the secret. Default: the first that matched, else the whole match. */
  readonly group?: number
  readonly except?: RuleExceptions
}

/** What is no secret though the rule finds it. */
export interface RuleExceptions {
  readonly secret: readonly string[]
  readonly match: readonly string[]
  readonly words: readonly string[]
}

let read: readonly RedactionRule[] | undefined

export function readRules(): readonly RedactionRule[] {
  read ??= JSON.parse(
    readFileSync(new URL('../../data/gitleaks/rules.json', import.meta.url), 'utf8'),
  ) as RedactionRule[]
  return read
}
