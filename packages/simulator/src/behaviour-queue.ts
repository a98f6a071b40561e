// Decides which behaviour the next request gets: the queue first, then the default; scripts remember their attempt.
import type { Behaviour, ScriptBehaviour } from './behaviour.ts'

// Scripts that arrive as texts are remembered by text; more than this and the oldest is forgotten.
const MAX_REMEMBERED = 10_000

export interface BehaviourQueue {
  enqueue(...behaviours: readonly Behaviour[]): void
  setDefault(behaviour: Behaviour | undefined): void
  /** Takes the next behaviour where it is a reset at `connect`, and says whether it was. */
  takeConnectReset(): boolean
  take(): Behaviour | undefined
  /** The step due in a script that one caller identifies by `key`; each call counts one attempt. */
  stepOf(script: ScriptBehaviour, key: unknown): Behaviour
}

export function createBehaviourQueue(): BehaviourQueue {
  const waiting: Behaviour[] = []
  const attempts = new Map<unknown, number>()
  let fallback: Behaviour | undefined
  return {
    enqueue: (...behaviours) => {
      waiting.push(...behaviours.flatMap(flatten))
    },
    setDefault: (behaviour) => {
      fallback = behaviour
    },
    takeConnectReset: () => {
      const next = waiting[0] ?? fallback
      if (next?.kind !== 'reset' || next.at !== 'connect') return false
      waiting.shift()
      return true
    },
    take: () => waiting.shift() ?? fallback,
    stepOf: (script, key) => {
      const attempt = attempts.get(key) ?? 0
      attempts.set(key, attempt + 1)
      if (attempts.size > MAX_REMEMBERED) attempts.delete(attempts.keys().next().value)
      return script.attempts[Math.min(attempt, script.attempts.length - 1)] ?? { kind: 'answer' }
    },
  }
}

/** In a queue a script is simply its steps, one for each of the next requests. */
function flatten(behaviour: Behaviour): readonly Behaviour[] {
  return behaviour.kind === 'script' ? behaviour.attempts.flatMap(flatten) : [behaviour]
}
