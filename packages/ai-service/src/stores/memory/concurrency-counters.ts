// Requests under way per name.
import type { ConcurrencyCounters } from '../counters.ts'

export function createConcurrencyCounters(): ConcurrencyCounters {
  const held = new Map<string, number>()
  return {
    enter(name, limit) {
      const present = held.get(name) ?? 0
      if (present >= limit) return undefined
      held.set(name, present + 1)
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        const left = (held.get(name) ?? 1) - 1
        if (left === 0) held.delete(name)
        else held.set(name, left)
      }
    },
  }
}
