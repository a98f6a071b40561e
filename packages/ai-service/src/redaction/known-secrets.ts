// The secrets that are known by value, those of the configuration and those that came since, and the search for them.
import type { Secret } from 'ai-lib/internal/errors/secret'
import { formsOf } from 'ai-lib/internal/redaction/secret-forms'
import { createRuleSearch } from './rule-search.ts'
import type { RedactionRule } from './rules.ts'
import { createSecretSearch, type SecretSearch } from './secret-search.ts'

/** Letters beyond a cut that are searched, so that what begins before it is seen whole. */
const leastOverlap = 1_100
const mostOverlap = 16 * 1024
/** Secrets that came at run time and are still looked for. */
const mostAdded = 1_000

export interface KnownSecrets {
  readonly search: SecretSearch
  readonly overlap: number
  add(secret: Secret): void
}

export function createKnownSecrets(configured: readonly Secret[], rules: readonly RedactionRule[]): KnownSecrets {
  const ruleSearch = createRuleSearch(rules)
  let added: Secret[] = []
  let search = createSecretSearch(rules, ruleSearch)
  let overlap = leastOverlap
  const learn = (secret: Secret): void => {
    for (const form of formsOf(secret.reveal())) {
      search.add(form, secret.fingerprint)
      overlap = Math.min(mostOverlap, Math.max(overlap, form.length))
    }
  }
  for (const secret of configured) learn(secret)
  return {
    get search() {
      return search
    },
    get overlap() {
      return overlap
    },
    add(secret) {
      const value = secret.reveal()
      if ([...configured, ...added].some((known) => known.reveal() === value)) return
      added.push(secret)
      learn(secret)
      if (added.length <= mostAdded) return
      // Those of long ago have been rotated out: what is added is bounded, whatever rotates for how long.
      added = added.slice(-mostAdded / 2)
      search = createSecretSearch(rules, ruleSearch)
      for (const known of [...configured, ...added]) learn(known)
    },
  }
}
