// Every secret of a configuration, found by walking it: a new section cannot forget to name its own.
import { Secret } from 'ai-lib/internal/errors/secret'

/** Headers that an operator writes out; their names say which are credentials. */
const credentialHeader = /auth|key|token|secret|password|cookie|credential/i

/** Looks through objects, lists, maps and sets; each secret once. */
export function secretsIn(value: unknown): readonly Secret[] {
  const found = new Map<string, Secret>()
  const seen = new Set<object>()
  const walk = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null || seen.has(inner)) return
    seen.add(inner)
    if (inner instanceof Secret) found.set(inner.reveal(), inner)
    else if (inner instanceof Map || inner instanceof Set || Array.isArray(inner)) for (const item of inner) walk(item)
    else
      for (const [name, item] of Object.entries(inner)) {
        if (name === 'headers') walk(credentialsAmong(item))
        walk(item)
      }
  }
  walk(value)
  return [...found.values()]
}

function credentialsAmong(headers: unknown): readonly Secret[] {
  if (typeof headers !== 'object' || headers === null) return []
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' && credentialHeader.test(name) ? new Secret(value) : [],
  )
}
