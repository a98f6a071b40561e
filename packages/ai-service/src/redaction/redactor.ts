// Takes secrets out of free text: those of the configuration in every encoding, and what looks like one.
//
// What it cannot do: find a configured secret that is shorter than eight letters, cut in two by other text, or encoded
// twice with base64 or hex.
import { fingerprintOf } from 'ai-lib/internal/errors/fingerprint'
import type { Secret } from 'ai-lib/internal/errors/secret'
import { type Finding, mergedFindings, withoutFindings } from 'ai-lib/internal/redaction/finding'
import { findThroughEscapes, redactText } from 'ai-lib/internal/redaction/redact-text'
import { createKnownSecrets, type KnownSecrets } from './known-secrets.ts'
import { workBudget } from './rule-search.ts'
import { readRules, type RedactionRule } from './rules.ts'

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

export function createRedactor(parts: RedactorParts = {}): Redactor {
  const { secrets = [], rules = readRules(), maxChars = defaultMaxChars } = parts
  const known = createKnownSecrets([...secrets], rules)
  const excerpt = (text: string, most: number): string => {
    if (text.length <= most && !known.search.mayFind(text)) return text
    try {
      return searched(text, most, known)
    } catch {
      // Whoever writes a log line must not fail for its content, and content that was not searched is not shown.
      return withoutFindings(text, [wholeOf(text)])
    }
  }
  return { add: (secret) => known.add(secret), excerpt, redact: (text) => excerpt(text, maxChars) }
}

function searched(text: string, most: number, { search, overlap }: KnownSecrets): string {
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

function wholeOf(text: string): Finding {
  return { from: 0, to: text.length, what: 'unsearched', fingerprint: fingerprintOf(text) }
}

/** A secret that the cut goes through is gone whole. `length` is what of the text it stands for. */
function cutOff(near: string, findings: readonly Finding[], most: number): { shown: string; length: number } {
  const before = mergedFindings(findings).filter(({ from }) => from < most)
  const length = Math.max(most, before.at(-1)?.to ?? 0)
  return { shown: withoutFindings(near.slice(0, length), before), length }
}
