// Takes secrets out of free text: those of the configuration in every encoding, and what looks like one.
//
// What it cannot do: find a configured secret that is shorter than eight letters, cut in two by other text, or encoded
// twice with base64 or hex.
import { fingerprintOf } from 'ai-lib/internal/errors/fingerprint'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { type Finding, mergedFindings, withoutFindings } from 'ai-lib/internal/redaction/finding'
import { findThroughEscapes, redactText } from 'ai-lib/internal/redaction/redact-text'
import { formsOf } from 'ai-lib/internal/redaction/secret-forms'
import { createRuleSearch, workBudget } from './rule-search.ts'
import { readRules, type RedactionRule } from './rules.ts'
import { createSecretSearch } from './secret-search.ts'

export type Scrubber = (text: string) => string

export interface Redactor {
  /** The text with `[redacted:<kind>:<fingerprint>]` in place of every secret; bounded, as `excerpt` is. */
  readonly redact: Scrubber
  /** The first `maxChars` letters of it. No part of a secret stays where the text is cut. */
  excerpt(text: string, maxChars: number): string
  /** A secret that came at run time: every text from now on is searched for it. */
  add(secret: Secret): void
}

export interface RedactorParts {
  readonly secrets?: Iterable<Secret>
  /** Default: those of gitleaks. */
  readonly rules?: readonly RedactionRule[]
  /** Letters of one text that `redact` gives back at most. Default 64 Ki. */
  readonly maxChars?: number
}

const defaultMaxChars = 64 * 1024
/** Letters beyond the cut that are searched, so that what begins before it is seen whole. */
const leastOverlap = 1_100
const mostOverlap = 16 * 1024
/** Secrets that came at run time and are still looked for. */
const mostAdded = 1_000

export function createRedactor(parts: RedactorParts = {}): Redactor {
  const { secrets = [], rules = readRules(), maxChars = defaultMaxChars } = parts
  const ruleSearch = createRuleSearch(rules)
  const configured = [...secrets]
  let added: Secret[] = []
  let search = createSecretSearch(rules, ruleSearch)
  let overlap = leastOverlap
  const learn = (secret: Secret): void => {
    for (const form of formsOf(secret.reveal())) {
      search.add(form, secret.fingerprint)
      overlap = Math.min(mostOverlap, Math.max(overlap, form.length))
    }
  }
  const add = (secret: Secret): void => {
    const value = secret.reveal()
    if ([...configured, ...added].some((known) => known.reveal() === value)) return
    added.push(secret)
    learn(secret)
    if (added.length <= mostAdded) return
    // Those of long ago have been rotated out: what is added is bounded, whatever rotates for how long.
    added = added.slice(-mostAdded / 2)
    search = createSecretSearch(rules, ruleSearch)
    for (const known of [...configured, ...added]) learn(known)
  }
  for (const secret of configured) learn(secret)
  const excerpt = (text: string, most: number): string => {
    if (text.length <= most && !search.mayFind(text)) return text
    const near = text.length <= most ? text : text.slice(0, most + overlap)
    const budget = workBudget(near)
    const find = (view: string, round: number): readonly Finding[] => {
      const { findings, isWhole } = search.find(view, budget)
      // Made to be slow, or a list of keywords: what could not be searched is not shown. The first round saw all of it.
      return isWhole || round > 0 ? findings : [wholeOf(view)]
    }
    if (text.length <= most) return redactText(text, find)
    const through = findThroughEscapes(near, (view) => find(view, 0))
    const { shown, length } = cutOff(near, through, most)
    return `${redactText(shown, (view) => find(view, 1))}… (${text.length - length} more)`
  }
  return { add, excerpt, redact: (text) => excerpt(text, maxChars) }
}

function wholeOf(text: string): Finding {
  return { from: 0, to: text.length, what: 'unsearched', fingerprint: fingerprintOf(text) }
}

/** A secret that the cut goes through is gone whole. `length` is what of the text it stands for. */
function cutOff(near: string, findings: readonly Finding[], most: number): { shown: string; length: number } {
  const before = mergedFindings(findings).filter(({ from }) => from < most)
  const length = Math.max(most, before.at(-1)?.to ?? 0)
  return { shown: withoutFindings(near.slice(0, length), before), length }
}
