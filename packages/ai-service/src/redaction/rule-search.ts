// Tries the rules whose keywords a text holds, near those keywords, on an engine whose time is linear.
import { createRequire } from 'node:module'
import type { Finding } from 'ai-lib/internal/redaction/finding'
import { fingerprintOf } from 'ai-lib/internal/errors/fingerprint'
import type { RE2JS } from 're2js'
import { entropyOf } from './entropy.ts'
import type { RedactionRule } from './rules.ts'

/** Stretches of a text in which a rule is to be tried, in their order, none overlapping. */
export type Stretch = { from: number; to: number }

/** Letters that rules may still be tried on; one budget for all views of a text. */
export interface WorkBudget {
  left: number
}

export interface RuleSearch {
  /** The stretches of a rule with what lies around a keyword of it. */
  widened(stretches: Stretch[] | undefined, rule: number, text: string, from: number, to: number): Stretch[]
  /** Undefined where that asks for more work than is left. */
  search(
    text: string,
    stretches: ReadonlyMap<number, readonly Stretch[]>,
    budget: WorkBudget,
  ): readonly Finding[] | undefined
}

/** Three times the text, and what short texts need more. A letter takes about 0.2 µs. */
export function workBudget(text: string): WorkBudget {
  return { left: 3 * text.length + 16 * 1024 }
}

/** Rules that look at a whole text begin with fixed letters, for which the engine skips ahead. */
const wholeTextShare = 1 / 16
/** Room for the assertions around a match. */
const margin = 2

/** @param rules numbered by their place. */
export function createRuleSearch(rules: readonly RedactionRule[]): RuleSearch {
  const compiled: (CompiledRule | undefined)[] = []
  return {
    widened(stretches = [], index, text, from, to) {
      const last = stretches.at(-1)
      const reach = rules[index]?.reach
      if (reach === undefined) return last ? stretches : [{ from: 0, to: text.length }]
      const near = { from: Math.max(0, from - reach - margin), to: Math.min(text.length, to + reach + margin) }
      // Asked first: a word of nothing but keywords is walked to its end once.
      if (last && near.to <= last.to) return stretches
      if (rules[index]?.endsWithWord) near.to = endOfWord(text, near.to)
      if (last && near.from <= last.to) last.to = near.to
      else stretches.push(near)
      return stretches
    },
    search(text, stretches, budget) {
      const tries: [number, Stretch][] = []
      for (const [index, own] of stretches) {
        const rule = rules[index]
        for (const stretch of own) {
          if (!rule || !isPossible(text.slice(stretch.from, stretch.to), rule)) continue
          budget.left -= workOf(rule, stretch)
          tries.push([index, stretch])
        }
      }
      if (budget.left < 0) return undefined
      return tries.flatMap(([index, stretch]) => {
        const rule = rules[index]
        return rule ? findIn(text, stretch, rule, (compiled[index] ??= compileRule(rule))) : []
      })
    },
  }
}

function workOf(rule: RedactionRule, { from, to }: Stretch): number {
  return rule.reach === undefined ? (to - from) * wholeTextShare : to - from
}

const assignments = new Map<string, RegExp>()

// Sentences are full of keywords. What makes a secret of one is an unbroken run of letters, mostly behind a sign: without
// it the engine need not be asked, or even loaded.
function isPossible(part: string, { run, assigns, except }: RedactionRule): boolean {
  if (!assigns) return hasRun(part, run)
  // Letters alone are among the exceptions of the rule that has some: there must be another sign, or too much to see.
  const value = except ? String.raw`(?=\S{0,200}[\d=+/]|\S{201})\S{${run}}` : String.raw`\S{${run}}`
  const pattern = assignments.get(value) ?? new RegExp(String.raw`[=>:|,][\x60'"\s=]{0,5}${value}`)
  assignments.set(value, pattern)
  return pattern.test(part)
}

function hasRun(text: string, least: number): boolean {
  let run = 0
  for (let at = 0; at < text.length; at++) {
    run = text.charCodeAt(at) > 32 ? run + 1 : 0
    if (run >= least) return true
  }
  return false
}

function endOfWord(text: string, from: number): number {
  const blank = /\s/g
  blank.lastIndex = from
  const found = blank.exec(text)
  return found ? found.index + 1 : text.length
}

interface CompiledRule {
  readonly pattern: RE2JS
  readonly exceptSecret: readonly RE2JS[]
  readonly exceptMatch: readonly RE2JS[]
}

// Three megabytes that a service which never meets a keyword does not need.
const require = createRequire(import.meta.url)

function compileRule({ regex, except }: RedactionRule): CompiledRule {
  const engine = require('re2js') as typeof import('re2js')
  const compile = (source: string): RE2JS => engine.RE2JS.compile(source)
  return {
    pattern: compile(regex),
    exceptSecret: except?.secret.map(compile) ?? [],
    exceptMatch: except?.match.map(compile) ?? [],
  }
}

function findIn(text: string, stretch: Stretch, rule: RedactionRule, compiled: CompiledRule): readonly Finding[] {
  const part = text.slice(stretch.from, stretch.to)
  const matcher = compiled.pattern.matcher(part)
  const findings: Finding[] = []
  for (let at = 0; at <= part.length && matcher.find(at); ) {
    const group = secretGroup(matcher, rule)
    const from = matcher.start(group)
    const to = matcher.end(group)
    const secret = part.slice(from, to)
    if (isSecret(secret, leadOf(part, matcher.start()) + matcher.group(), rule, compiled))
      findings.push({
        from: stretch.from + from,
        to: stretch.from + to,
        what: rule.id,
        fingerprint: fingerprintOf(secret),
      })
    // From the secret's end, not the match's: what ends one may begin the next.
    at = Math.max(to, at + 1)
  }
  return findings
}

/** The word before a match: exceptions look at it, as `public` of `public_key`. */
function leadOf(text: string, end: number): string {
  return /[\w.-]{0,50}$/.exec(text.slice(Math.max(0, end - 50), end))?.[0] ?? ''
}

function secretGroup(matcher: ReturnType<RE2JS['matcher']>, { group }: RedactionRule): number {
  if (group !== undefined) return group
  for (let index = 1; index <= matcher.groupCount(); index++)
    if (matcher.end(index) > matcher.start(index)) return index
  return 0
}

function isSecret(secret: string, match: string, rule: RedactionRule, compiled: CompiledRule): boolean {
  if (rule.entropy !== undefined && entropyOf(secret) <= rule.entropy) return false
  if (!rule.except) return secret !== ''
  const lower = secret.toLowerCase()
  return !(
    isOwnId(secret) ||
    rule.except.words.some((word) => lower.includes(word)) ||
    compiled.exceptSecret.some((pattern) => pattern.matcher(secret).find()) ||
    compiled.exceptMatch.some((pattern) => pattern.matcher(match).find())
  )
}

/** Ids of requests: whoever reads an error needs them, and they open nothing. */
function isOwnId(secret: string): boolean {
  return /^req_[0-9a-hjkmnp-tv-z]{26}$/.test(secret)
}
