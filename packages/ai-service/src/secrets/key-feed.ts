// Tells everybody who asked what happens to provider keys: log, metrics, webhook, audit. No event holds a secret.
import type { KeyEvent } from 'ai-lib/internal/attempts/key-event'

export interface ProviderKeyEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly provider: string
  readonly event: KeyEvent
}

/** Called on the path of a request: cheap, waits for nothing. */
export type KeyListener = (event: ProviderKeyEvent) => void

export class KeyFeed {
  readonly #listeners = new Set<KeyListener>()

  /** Returns what ends the subscription. */
  subscribe(listener: KeyListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  publish(event: ProviderKeyEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // One listener's fault must fail neither the request that this happened on nor the other listeners.
      }
    }
  }
}
