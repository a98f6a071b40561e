// Where a text holds a secret that is known by its value, in any of its encodings.
import type { Secret } from '../errors/secret.ts'
import type { Finding } from './finding.ts'
import { formsOf } from './secret-forms.ts'

/** Encodings are made once for each secret, and go with it. */
const known = new WeakMap<Secret, readonly string[]>()

/** Without regard to case. For the few secrets of one client: each is looked for by itself. */
export function findValues(text: string, secrets: Iterable<Secret>): readonly Finding[] {
  const folded = lowered(text)
  const findings: Finding[] = []
  for (const secret of secrets)
    for (const form of formsFor(secret))
      for (let from = folded.indexOf(form); from !== -1; from = folded.indexOf(form, from + form.length))
        findings.push({ from, to: from + form.length, what: 'secret', fingerprint: secret.fingerprint })
  return findings
}

function formsFor(secret: Secret): readonly string[] {
  const forms = known.get(secret) ?? formsOf(secret.reveal()).map(lowered)
  known.set(secret, forms)
  return forms
}

// Some letters have a small form of another length, and places must stay what they are.
function lowered(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
