// Which generations go: those past their days, and uploads that never ended. Never the last good one.

export interface Candidate {
  readonly generation: number
  /** `other`: sealed with a key that is not here, or unreadable; nobody but the operator removes those. */
  readonly kind: 'good' | 'incomplete' | 'other'
  /** When it was taken; of an incomplete one, when its last object was written. */
  readonly dateMs: number
}

export interface RetentionRule {
  readonly retentionDays: number
  readonly nowMs: number
  /** Generations that somebody verifies at this moment. */
  readonly held: ReadonlySet<number>
}

const dayMs = 86_400_000
/** An upload that has not ended after a day never will. */
const unfinishedMs = dayMs

export function chooseExpired(candidates: readonly Candidate[], rule: RetentionRule): readonly number[] {
  const good = candidates.filter(({ kind }) => kind === 'good').map(({ generation }) => generation)
  const last = Math.max(...good)
  return candidates
    .filter(({ generation, kind, dateMs }) => {
      if (rule.held.has(generation) || kind === 'other' || generation === last) return false
      const keptMs = kind === 'incomplete' ? unfinishedMs : rule.retentionDays * dayMs
      return rule.nowMs - dateMs > keptMs
    })
    .map(({ generation }) => generation)
}
