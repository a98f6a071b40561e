// The keys of one upstream: which may be used now, what a refusal does to one, and how a new value takes over.
import type { Secret } from '../errors/secret.ts'
import type { KeyEvent, KeyState, OutState } from './key-event.ts'
import { HeldKey, type KeyHold, KeySlot, type PoolKey } from './key-slot.ts'

export type { KeyEvent, KeyState, OutState } from './key-event.ts'
export type { PoolKey } from './key-slot.ts'

/** A pool asks for at most this many keys per exchange. */
export const maxKeysPerExchange = 10

/** What the owner of the keys adds to a pool. */
export interface KeyPoolOwner {
  /** Called on the request path: cheap, never throws. */
  onEvent(event: KeyEvent): void
  /** Resolves once the sources that are being read are read, and never rejects; undefined where none is. */
  refreshing(): Promise<unknown> | undefined
  close(): void
}

/** A key as it may be shown: name, state and fingerprint. */
export interface ShownKey {
  readonly name: string
  readonly state: KeyState
  readonly fingerprint?: string
  /** A new value that has not taken over yet. */
  readonly incoming?: { readonly state: KeyState; readonly fingerprint?: string }
}

/** All times are monotonic milliseconds. */
export class KeyPool {
  #slots: readonly KeySlot[] = []
  readonly #held = new Map<PoolKey, HeldKey>()
  readonly #owner: KeyPoolOwner | undefined
  /** Values on probation: while there are none, a success means nothing. */
  #unproved = 0

  /** Keys given here are trusted from the start; later ones join on probation. */
  constructor(keys: readonly PoolKey[], owner?: KeyPoolOwner) {
    this.#owner = owner
    for (const key of keys) this.#open(key, true)
  }

  get size(): number {
    return this.#slots.length
  }

  /** The next usable key by smooth weighted round-robin; none of `tried`. */
  pick(nowMs: number, tried: ReadonlySet<PoolKey>): PoolKey | undefined {
    if (this.#unproved === 0) return this.#pickAmong(nowMs, tried, false)
    return this.#pickAmong(nowMs, tried, true) ?? this.#pickAmong(nowMs, tried, false)
  }

  #pickAmong(nowMs: number, tried: ReadonlySet<PoolKey>, isSparing: boolean): PoolKey | undefined {
    const only = this.#slots.length === 1 ? this.#slots[0] : undefined
    if (only) return this.#candidate(only, nowMs, tried, isSparing)?.key
    const usesReserve = !this.#slots.some((slot) => slot.weight > 0 && this.#candidate(slot, nowMs, tried, isSparing))
    let best: KeySlot | undefined
    let found: HeldKey | undefined
    let total = 0
    for (const slot of this.#slots) {
      // A key that is out saves nothing up: back again, it gets its share and no more.
      if ((slot.weight === 0) !== usesReserve) continue
      const candidate = this.#candidate(slot, nowMs, tried, isSparing)
      if (candidate === undefined) continue
      const share = usesReserve ? 1 : slot.weight
      slot.credit += share
      total += share
      if (best === undefined || slot.credit > best.credit) [best, found] = [slot, candidate]
    }
    if (best) best.credit -= total
    return found?.key
  }

  /** Whether `pick` would give a key; draws on no share. */
  hasUsable(nowMs: number, tried: ReadonlySet<PoolKey>): boolean {
    return this.#slots.some((slot) => this.#candidate(slot, nowMs, tried, false) !== undefined)
  }

  /** Counts the requests under way with a key, so that an old value leaves after its last one. */
  holdOf(key: PoolKey): KeyHold | undefined {
    return this.#held.get(key)
  }

  /** Settles once new values that are being read may be here; undefined where none is awaited. */
  refreshing(): Promise<unknown> | undefined {
    return this.#owner?.refreshing()
  }

  /** A key that is trusted from the start, as those of the constructor are. */
  admit(key: PoolKey): void {
    this.#open(key, true)
  }

  /**
   * Values that `former` has too are what they are there: one that was refused, or rests, is no better in another list.
   * To be called before the first pick.
   */
  inherit(former: KeyPool): void {
    for (const slot of this.#slots) {
      const { current } = slot
      if (current === undefined) continue
      const before = former.#slots.find(({ name }) => name === slot.name)
      // A new value that had not answered yet still has to, while the old one serves.
      if (before?.current && before.incoming && isSame(before.incoming.key, current.key)) {
        slot.current = this.#inherited(before.current, slot)
        slot.incoming = this.#inherited(before.incoming, slot)
        this.#held.delete(current.key)
      } else current.adopt(former.#valueLike(current.key))
    }
    this.#unproved = [...this.#held.values()].filter(({ isProved }) => !isProved).length
  }

  #inherited(before: HeldKey, slot: KeySlot): HeldKey {
    const held = this.#hold({ ...before.key, name: slot.name, weight: slot.weight }, slot, true)
    held.adopt(before)
    return held
  }

  #valueLike(key: PoolKey): HeldKey | undefined {
    return this.#slots
      .flatMap(({ current, incoming }) => [current, incoming])
      .find((held): held is HeldKey => held !== undefined && isSame(held.key, key))
  }

  /** A value joins: under a new name beside the others, under a known one to take its place once it has answered. */
  offer(key: PoolKey): void {
    const slot = this.#slots.find(({ name }) => name === key.name)
    if (slot === undefined) {
      const held = this.#open(key, false)
      return this.#tell({ type: 'key-joined', ...about(held) })
    }
    if (slot.current && isSame(slot.current.key, key)) {
      if (slot.current.state.kind === 'expired') this.#restore(slot.current, 'expired')
      return this.#dismiss(slot)
    }
    if (slot.incoming && isSame(slot.incoming.key, key)) return
    this.#dismiss(slot)
    slot.incoming = this.#hold(key, slot, false)
    this.#tell({ type: 'key-joined', ...about(slot.incoming) })
  }

  /** A key has answered. One on probation takes over, and the old value gets no further request. */
  proved(key: PoolKey): void {
    if (this.#unproved === 0) return
    const held = this.#held.get(key)
    if (held === undefined || held.isProved || held.onIdle) return
    held.isProved = true
    this.#unproved--
    if (held.state.kind === 'probation') held.state = { kind: 'ready' }
    const replaced = this.#takeOver(held)
    if (held.outBefore === undefined)
      this.#tell({ type: 'key-rotated', ...about(held), previous: replaced?.key.secret?.fingerprint })
    const after = held.outBefore ?? replaced?.out
    if (after) this.#tell({ type: 'key-recovered', ...about(held), after })
    if (replaced) this.#drain(replaced)
  }

  /** Keeps a key out for a while; a longer cooldown that is already set stays. */
  cool(key: PoolKey, untilMs: number): void {
    const held = this.#held.get(key)
    if (!held || held.out || held.onIdle) return
    const present = held.state.kind === 'cooling' ? held.state.untilMs : 0
    held.state = { kind: 'cooling', untilMs: Math.max(present, untilMs) }
    if (present === 0) this.#tell({ type: 'key-cooled', ...about(held), untilMs })
  }

  /** Keeps a key out until it is replaced or refreshed. */
  retire(key: PoolKey, kind: OutState): void {
    const held = this.#held.get(key)
    if (!held || held.onIdle || held.state.kind === kind) return
    held.state = { kind }
    const stage = held.slot.incoming === held && held.slot.current ? 'incoming' : 'current'
    this.#tell({ type: 'key-out', ...about(held), reason: kind, stage })
  }

  /** The value of this name is too old to be trusted. */
  expire(name: string): void {
    const shown = this.#slots.find((slot) => slot.name === name)?.shown
    if (shown && !shown.out) this.retire(shown.key, 'expired')
  }

  /** Gives a key that is out another trial, as somebody asked who may know that it is well again. */
  retry(name: string): void {
    const slot = this.#slots.find((one) => one.name === name)
    const held = slot?.incoming ?? slot?.current
    if (!held?.out) return
    held.outBefore = held.isProved ? held.out : held.outBefore
    if (held.isProved) this.#unproved++
    held.isProved = false
    held.state = { kind: 'probation' }
  }

  /** No new requests with this name; what is under way ends as it would have. */
  remove(name: string): void {
    const slot = this.#slots.find((one) => one.name === name)
    if (!slot) return
    this.#slots = this.#slots.filter((one) => one !== slot)
    this.#dismiss(slot)
    if (slot.current) this.#drain(slot.current)
  }

  /** Milliseconds until the first cooling key is usable again; undefined where none is cooling. */
  coolingForMs(nowMs: number): number | undefined {
    let shortest: number | undefined
    for (const { current, incoming } of this.#slots) {
      for (const held of [current, incoming]) {
        if (held?.state.kind !== 'cooling') continue
        const left = Math.max(0, held.state.untilMs - nowMs)
        if (shortest === undefined || left < shortest) shortest = left
      }
    }
    return shortest
  }

  states(): readonly ShownKey[] {
    return this.#slots.flatMap(({ name, shown, current, incoming }) => {
      if (!shown) return []
      const beside = current && incoming ? { incoming: shownState(incoming) } : {}
      return [{ name, ...shownState(shown), ...beside }]
    })
  }

  /** Every value that a request may still be under way with. */
  secrets(): readonly Secret[] {
    return [...this.#held.keys()].flatMap(({ secret }) => secret ?? [])
  }

  /** Ends what the owner of the keys has running. */
  close(): void {
    this.#owner?.close()
  }

  #open(key: PoolKey, isProved: boolean): HeldKey {
    const slot = new KeySlot(key.name, key.weight ?? 1)
    const held = this.#hold(key, slot, isProved)
    slot.current = held
    this.#slots = [...this.#slots, slot]
    return held
  }

  #hold(key: PoolKey, slot: KeySlot, isProved: boolean): HeldKey {
    const held = new HeldKey(key, slot, isProved)
    this.#held.set(key, held)
    if (!isProved) this.#unproved++
    return held
  }

  /**
   * The value of a slot to use now, a new one first.
   * @param isSparing gives a value on probation one request at a time: one that turns out to be wrong costs one request
   *   one more attempt.
   */
  #candidate(slot: KeySlot, nowMs: number, tried: ReadonlySet<PoolKey>, isSparing: boolean): HeldKey | undefined {
    for (const held of [slot.incoming, slot.current]) {
      if (held === undefined || tried.has(held.key) || !this.#isUsable(held, nowMs)) continue
      if (!isSparing || held.isProved || held.inFlight === 0) return held
    }
    return undefined
  }

  #isUsable(held: HeldKey, nowMs: number): boolean {
    const { state } = held
    if (state.kind === 'ready' || state.kind === 'probation') return true
    if (state.kind !== 'cooling' || state.untilMs > nowMs) return false
    this.#restore(held, 'cooling')
    return true
  }

  #restore(held: HeldKey, after: OutState | 'cooling'): void {
    held.state = held.isProved ? { kind: 'ready' } : { kind: 'probation' }
    this.#tell({ type: 'key-recovered', ...about(held), after })
  }

  #dismiss(slot: KeySlot): void {
    const { incoming } = slot
    slot.incoming = undefined
    if (incoming) this.#drain(incoming)
  }

  /** The value that it takes the place of, if any. */
  #takeOver(held: HeldKey): HeldKey | undefined {
    const { slot } = held
    if (slot.incoming !== held) return undefined
    const replaced = slot.current
    slot.current = held
    slot.incoming = undefined
    return replaced
  }

  #drain(held: HeldKey): void {
    if (!held.isProved) this.#unproved--
    held.onIdle = () => {
      if (this.#held.delete(held.key)) this.#tell({ type: 'key-drained', ...about(held) })
    }
    if (held.inFlight === 0) held.onIdle()
  }

  #tell(event: KeyEvent): void {
    this.#owner?.onEvent(event)
  }
}

function about({ key }: HeldKey): { readonly key: string; readonly fingerprint: string | undefined } {
  return { key: key.name, fingerprint: key.secret?.fingerprint }
}

function shownState({ state, key }: HeldKey): { readonly state: KeyState; readonly fingerprint?: string } {
  return { state, ...(key.secret ? { fingerprint: key.secret.fingerprint } : {}) }
}

function isSame(left: PoolKey, right: PoolKey): boolean {
  return left.secret?.reveal() === right.secret?.reveal()
}
