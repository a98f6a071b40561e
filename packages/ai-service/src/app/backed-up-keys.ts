// What a backup is told of the key rings: names, fingerprints and states, with times as the wall clock has them.
import type { Clock } from 'ai-lib/internal/attempts/clock'
import type { KeyState } from 'ai-lib/internal/attempts/key-event'
import type { KeyRing } from 'ai-lib/internal/attempts/key-ring'
import type { BackedUpKey, KeyValueState } from '../backup/keys-part.ts'

export function backedUpKeys(
  rings: ReadonlyMap<string, Pick<KeyRing, 'states'>>,
  clock: Pick<Clock, 'nowMs' | 'dateMs'>,
): readonly BackedUpKey[] {
  return [...rings].flatMap(([provider, ring]) =>
    ring.states().map(({ name, incoming, ...shown }) => ({
      provider,
      key: name,
      ...valueState(shown, clock),
      ...(incoming === undefined ? {} : { incoming: valueState(incoming, clock) }),
    })),
  )
}

function valueState(
  { state, fingerprint }: { readonly state: KeyState; readonly fingerprint?: string },
  clock: Pick<Clock, 'nowMs' | 'dateMs'>,
): KeyValueState {
  const named = fingerprint === undefined ? {} : { fingerprint }
  if (state.kind !== 'cooling') return { ...named, state: state.kind }
  const leftMs = state.untilMs - clock.nowMs()
  // A rest ends by itself, noticed with the next request.
  if (leftMs <= 0) return { ...named, state: 'ready' }
  return { ...named, state: 'cooling', until: new Date(clock.dateMs() + leftMs).toISOString() }
}
