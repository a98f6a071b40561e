// Finds secrets in a text: one pass for what is known by its letters, then what that pass says is worth trying.
import { findShape } from 'ai-lib/internal/redaction/find-shapes'
import type { Finding } from 'ai-lib/internal/redaction/finding'
import { shapes } from 'ai-lib/internal/redaction/shapes'
import { createNeedleScan } from './needle-scan.ts'
import type { RuleSearch, Stretch, WorkBudget } from './rule-search.ts'
import type { RedactionRule } from './rules.ts'

export interface SecretSearch {
  /** A text that stands for a secret, whatever stands around it. */
  add(form: string, fingerprint: string): void
  /** False where there is nothing to find, at next to no cost. */
  mayFind(text: string): boolean
  /** `isWhole` is false where the budget did not suffice for the rules: then none was tried. */
  find(text: string, budget: WorkBudget): { readonly findings: readonly Finding[]; readonly isWhole: boolean }
}

type Tag =
  | { readonly kind: 'secret'; readonly fingerprint: string }
  | { readonly kind: 'shape'; readonly index: number }
  | { readonly kind: 'rule'; readonly index: number }

/** @param search of the same rules; it keeps what it has compiled. */
export function createSecretSearch(rules: readonly RedactionRule[], search: RuleSearch): SecretSearch {
  const scan = createNeedleScan<Tag>()
  for (const [index, { anchors }] of shapes.entries())
    for (const anchor of anchors) scan.add(anchor, { kind: 'shape', index })
  for (const [index, { keywords }] of rules.entries())
    for (const keyword of keywords) scan.add(keyword, { kind: 'rule', index })
  return {
    add: (form, fingerprint) => scan.add(form, { kind: 'secret', fingerprint }),
    mayFind: (text) => scan.mayHold(text),
    find(text, budget) {
      const secrets: Finding[] = []
      const likely = new Set<number>()
      const stretches = new Map<number, Stretch[]>()
      scan.scan(text, (tag, from, to) => {
        if (tag.kind === 'secret') secrets.push({ from, to, what: 'secret', fingerprint: tag.fingerprint })
        else if (tag.kind === 'shape') likely.add(tag.index)
        else stretches.set(tag.index, search.widened(stretches.get(tag.index), tag.index, text, from, to))
      })
      const findings = [
        ...secrets,
        ...shapes.flatMap((shape, index) => (likely.has(index) ? findShape(text, shape) : [])),
      ]
      if (stretches.size === 0) return { findings, isWhole: true }
      const byRules = search.search(text, stretches, budget)
      return { findings: [...findings, ...(byRules ?? [])], isWhole: byRules !== undefined }
    },
  }
}
