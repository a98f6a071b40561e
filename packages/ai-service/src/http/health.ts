// Liveness says that the process can answer; readiness that it should receive traffic. A dead provider makes neither red.

export type Readiness = { readonly kind: 'ready' } | { readonly kind: 'starting' } | { readonly kind: 'draining' }

export interface HealthState {
  readiness: Readiness
  /** Mandatory stores that are away: without them requests are refused, so that traffic should go elsewhere. */
  readonly missingStores: Set<string>
}

export interface HealthReport {
  readonly status: 200 | 503
  readonly body: string
}

export function liveReport(): HealthReport {
  return { status: 200, body: '{"status":"live"}\n' }
}

export function readyReport({ readiness, missingStores }: HealthState): HealthReport {
  if (readiness.kind === 'ready' && missingStores.size > 0)
    return { status: 503, body: `${JSON.stringify({ status: 'store-away', stores: [...missingStores] })}\n` }
  return { status: readiness.kind === 'ready' ? 200 : 503, body: `{"status":"${readiness.kind}"}\n` }
}
