// The way down: unready at once, still accepting while load balancers notice, then finishing, then ending what is left.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Interruptible } from '../exchange/open-exchanges.ts'
import type { HealthState } from '../http/health.ts'
import type { HttpListener } from '../http/http-listener.ts'

export interface DrainParts {
  readonly server: HttpListener
  readonly health: HealthState
  /** Exchanges under way. */
  readonly open: Iterable<Interruptible> & { readonly size: number }
  /** Milliseconds of accepting after readiness went. */
  readonly delayMs: number
  /** Milliseconds that what is under way may take in all. */
  readonly graceMs: number
}

export interface Drain {
  /** Resolves when nothing is under way any more. */
  readonly done: Promise<Drained>
  /** Ends the wait: what is under way gets its error event now. */
  hurry(): void
}

/** What became of what was under way. */
export interface Drained {
  /** Exchanges that were ended with an error, their time being over. */
  readonly interrupted: number
  /** Requests that came in as their waiting connection was closed: their clients saw it close, and send them again. */
  readonly crossed: number
}

/**
 * Milliseconds that a connection has been silent before it is closed. Whoever has just connected, or has just read an
 * answer that did not say `connection: close`, is likely to be sending.
 */
const silentMs = 1_000
/** Milliseconds that interrupted exchanges get to write their last words. */
const lastWordsMs = 2_000
const lookEveryMs = 20

export function startDrain(parts: DrainParts): Drain {
  const hurried = new AbortController()
  return { done: drain(parts, hurried.signal), hurry: () => hurried.abort() }
}

async function drain({ server, health, open, delayMs, graceMs }: DrainParts, hurried: AbortSignal): Promise<Drained> {
  health.readiness = { kind: 'draining' }
  server.leave()
  const startedMs = performance.now()
  await waitUntil(() => false, delayMs, hurried)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // What has arrived already is read in this turn of the loop, and is no idle connection's any more.
  await new Promise((resolve) => setImmediate(resolve))
  const idleMs = Math.min(delayMs, silentMs)
  const isOver = (): boolean => {
    server.endIdleConnections(idleMs)
    // An answer that is settled may still be on its way to a client that reads slowly.
    return open.size === 0 && !server.hasConnections
  }
  await waitUntil(isOver, graceMs - (performance.now() - startedMs), hurried)
  const interrupted = open.size
  const over = new AiError('service_draining', { retryAfterMs: 1_000 })
  for (const exchange of open) exchange.interrupt(over)
  await waitUntil(() => open.size === 0 && server.isFlushed, lastWordsMs, new AbortController().signal)
  server.closeAllConnections()
  await closed
  return { interrupted, crossed: server.crossedRequests }
}

async function waitUntil(isMet: () => boolean, atMostMs: number, hurried: AbortSignal): Promise<void> {
  const untilMs = performance.now() + atMostMs
  while (!isMet() && !hurried.aborted && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(lookEveryMs, Math.max(1, untilMs - performance.now()))))
  }
}
