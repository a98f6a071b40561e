// The ledger: what a translation could not carry, had to change, or had to add. Nothing is dropped silently.

/** What a translation could not carry, had to change, or had to add. */
export interface Loss {
  /** `dropped` and `changed` are losses (strict mode refuses them); `added` is a field that the target's dialect requires. */
  readonly kind: 'dropped' | 'changed' | 'added'
  /** Path in the client's own request or answer: `messages.2.content.0.cache_control`. */
  readonly path: string
  readonly reason: string
}

/** Collects losses while a writer works. */
export class Ledger {
  readonly #losses: Loss[] = []

  get losses(): readonly Loss[] {
    return this.#losses
  }

  dropped(path: string, reason: string): void {
    this.#losses.push({ kind: 'dropped', path, reason })
  }

  changed(path: string, reason: string): void {
    this.#losses.push({ kind: 'changed', path, reason })
  }

  added(path: string, reason: string): void {
    this.#losses.push({ kind: 'added', path, reason })
  }
}
