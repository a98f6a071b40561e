// Bounds repeats to a share of traffic, so that a failing provider is not buried under retries of everybody at once.

/** Repeats allowed: a fifth of first attempts, and a few in hand for quiet times. */
export const retryBudgetBounds = { share: 0.2, inHand: 10 } as const

/** A token bucket: first attempts pay in, repeats after 5xx, timeouts and resets draw. */
export class RetryBudget {
  #tokens: number = retryBudgetBounds.inHand

  deposit(): void {
    this.#tokens = Math.min(retryBudgetBounds.inHand, this.#tokens + retryBudgetBounds.share)
  }

  /** True where a repeat may be made; it is then drawn. */
  draw(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
