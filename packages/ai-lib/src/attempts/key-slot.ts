// One named key: the value in use, and the one that is to take its place.
import type { Secret } from '../errors/secret.ts'
import type { KeyState, OutState } from './key-event.ts'

export interface PoolKey {
  readonly name: string
  /** Absent for upstreams that need no key. */
  readonly secret?: Secret
  /** Share of traffic relative to the other keys. Default 1; 0 keeps the key as a reserve. */
  readonly weight?: number
}

/** Counts the requests under way with one value. An attempt takes it once and releases it once. */
export interface KeyHold {
  take(): void
  release(): void
}

export class HeldKey implements KeyHold {
  readonly key: PoolKey
  readonly slot: KeySlot
  state: KeyState
  /** It has answered: what it comes back to after a pause is `ready`. */
  isProved: boolean
  /** What it was out for before somebody asked to try it again. */
  outBefore: OutState | undefined
  inFlight = 0
  /** Set once it gets no further request. */
  onIdle: (() => void) | undefined

  constructor(key: PoolKey, slot: KeySlot, isProved: boolean) {
    this.key = key
    this.slot = slot
    this.isProved = isProved
    this.state = isProved ? { kind: 'ready' } : { kind: 'probation' }
  }

  take(): void {
    this.inFlight++
  }

  release(): void {
    this.inFlight--
    if (this.inFlight === 0) this.onIdle?.()
  }

  /** Stands as the same value stands elsewhere. What was too old has just been read anew. */
  adopt(other: HeldKey | undefined): void {
    if (other === undefined || other.state.kind === 'expired') return
    this.state = other.state
    this.isProved = other.isProved
    this.outBefore = other.outBefore
  }

  /** Why it is out; undefined where it is in use or will be by itself. */
  get out(): OutState | undefined {
    const { kind } = this.state
    return kind === 'quarantined' || kind === 'exhausted' || kind === 'expired' ? kind : undefined
  }
}

export class KeySlot {
  readonly name: string
  readonly weight: number
  /** For the smooth round-robin. */
  credit = 0
  current: HeldKey | undefined
  incoming: HeldKey | undefined

  constructor(name: string, weight: number) {
    this.name = name
    this.weight = weight
  }

  /** What is shown of it: the value in use, else the one that comes. */
  get shown(): HeldKey | undefined {
    return this.current ?? this.incoming
  }
}
