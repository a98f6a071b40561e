// The keys of one upstream: which may be used now, and what a refusal does to one.
import type { Secret } from '../errors/secret.ts'

export interface PoolKey {
  readonly name: string
  /** Absent for upstreams that need no key. */
  readonly secret?: Secret
  /** Share of traffic relative to the other keys. Default 1; 0 keeps the key as a reserve. */
  readonly weight?: number
}

export type KeyState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cooling'; readonly untilMs: number }
  /** The provider refused it (401, 403): out until it is replaced. */
  | { readonly kind: 'quarantined' }
  /** Its quota is used up: out until it is refreshed. */
  | { readonly kind: 'exhausted' }

/** A pool asks for at most this many keys per exchange. */
export const maxKeysPerExchange = 10

interface Slot {
  readonly key: PoolKey
  readonly weight: number
  state: KeyState
  current: number
}

/** All times are monotonic milliseconds. */
export class KeyPool {
  readonly #slots: readonly Slot[]

  constructor(keys: readonly PoolKey[]) {
    this.#slots = keys.map((key) => ({ key, weight: key.weight ?? 1, state: { kind: 'ready' }, current: 0 }))
  }

  get size(): number {
    return this.#slots.length
  }

  /** The next usable key by smooth weighted round-robin; none of `tried`. */
  pick(nowMs: number, tried: ReadonlySet<PoolKey>): PoolKey | undefined {
    const only = this.#slots.length === 1 ? this.#slots[0] : undefined
    if (only) return this.#isUsable(only, nowMs) && !tried.has(only.key) ? only.key : undefined
    const isFree = (slot: Slot): boolean => !tried.has(slot.key) && this.#isUsable(slot, nowMs)
    const usesReserve = !this.#slots.some((slot) => slot.weight > 0 && isFree(slot))
    let best: Slot | undefined
    let total = 0
    for (const slot of this.#slots) {
      // A key that is out saves nothing up: back again, it gets its share and no more.
      if ((slot.weight === 0) !== usesReserve || !isFree(slot)) continue
      const share = usesReserve ? 1 : slot.weight
      slot.current += share
      total += share
      if (best === undefined || slot.current > best.current) best = slot
    }
    if (best) best.current -= total
    return best?.key
  }

  /** Whether `pick` would give a key; draws on no share. */
  hasUsable(nowMs: number, tried: ReadonlySet<PoolKey>): boolean {
    return this.#slots.some((slot) => !tried.has(slot.key) && this.#isUsable(slot, nowMs))
  }

  /** Keeps a key out for a while; a longer cooldown that is already set stays. */
  cool(key: PoolKey, untilMs: number): void {
    const slot = this.#slotOf(key)
    if (!slot || slot.state.kind === 'quarantined' || slot.state.kind === 'exhausted') return
    const present = slot.state.kind === 'cooling' ? slot.state.untilMs : 0
    slot.state = { kind: 'cooling', untilMs: Math.max(present, untilMs) }
  }

  /** Keeps a key out until it is replaced. */
  retire(key: PoolKey, kind: 'quarantined' | 'exhausted'): void {
    const slot = this.#slotOf(key)
    if (slot) slot.state = { kind }
  }

  /** Milliseconds until the first cooling key is usable again; undefined where none is cooling. */
  coolingForMs(nowMs: number): number | undefined {
    let shortest: number | undefined
    for (const { state } of this.#slots) {
      if (state.kind !== 'cooling') continue
      const left = Math.max(0, state.untilMs - nowMs)
      if (shortest === undefined || left < shortest) shortest = left
    }
    return shortest
  }

  states(): readonly { readonly name: string; readonly state: KeyState }[] {
    return this.#slots.map(({ key, state }) => ({ name: key.name, state }))
  }

  #slotOf(key: PoolKey): Slot | undefined {
    return this.#slots.find((slot) => slot.key === key)
  }

  #isUsable(slot: Slot, nowMs: number): boolean {
    if (slot.state.kind === 'ready') return true
    if (slot.state.kind !== 'cooling' || slot.state.untilMs > nowMs) return false
    slot.state = { kind: 'ready' }
    return true
  }
}
