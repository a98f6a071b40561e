// The state of every provider key as a part, by name and fingerprint: which one was out when the backup was taken.
import { once } from 'ai-lib/internal/backup/digest'
import type { ManifestPart } from 'ai-lib/internal/backup/manifest'
import type { BackupPart } from 'ai-lib/internal/backup/part'

export interface KeyValueState {
  readonly state: 'ready' | 'probation' | 'cooling' | 'quarantined' | 'exhausted' | 'expired'
  /** ISO 8601; for `cooling`. */
  readonly until?: string
  /** Absent for upstreams without keys. */
  readonly fingerprint?: string
}

/** A key as a backup knows it; never its value. */
export interface BackedUpKey extends KeyValueState {
  readonly provider: string
  readonly key: string
  /** A new value that has not taken over yet. */
  readonly incoming?: KeyValueState
}

export const keysName = 'keys.json'
/** In the manifest, so that a dry run can say them: how many there are, and those that were not ready. */
const [countFact, outFact] = ['keys', 'not_ready']
/** A manifest says this many by name; the part has them all. */
const maxNamed = 100

/** @param read only a running service can: the state is in its memory. */
export function keysPart(read: () => readonly BackedUpKey[]): BackupPart {
  return {
    name: keysName,
    async open() {
      const keys = read()
      const out = keys.filter(({ state }) => state !== 'ready').map(describeKey)
      const facts = { [countFact]: String(keys.length), [outFact]: out.slice(0, maxNamed).join('; ') }
      return { content: once(Buffer.from(`${JSON.stringify({ keys }, null, 2)}\n`)), facts }
    },
  }
}

/** One line about the keys of a backup; nothing where the part is another one. */
export function describeKeys({ name, facts }: ManifestPart): string | undefined {
  const { [countFact]: count, [outFact]: out } = facts
  if (name !== keysName || count === undefined) return undefined
  return out === undefined || out === '' ? `${count} provider keys, all ready` : `${count} provider keys; ${out}`
}

/** `openai/main a1b2c3d4 cooling until 2026-11-25T18:43:58.614Z`. */
function describeKey({ provider, key, fingerprint, state, until }: BackedUpKey): string {
  const parts = [`${provider}/${key}`, fingerprint, state, until === undefined ? undefined : `until ${until}`]
  return parts.filter((part) => part !== undefined).join(' ')
}
