// The way down: unready at once, still accepting while load balancers notice, then finishing, then ending what is left.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { OpenExchanges } from '../exchange/open-exchanges.ts'
import type { HealthState } from '../http/health.ts'
import type { HttpListener } from '../http/http-listener.ts'

export interface DrainParts {
  readonly server: HttpListener
  readonly health: HealthState
  readonly open: OpenExchanges
  /** Milliseconds of accepting after readiness went. */
  readonly delayMs: number
  /** Milliseconds that what is under way may take in all. */
  readonly graceMs: number
}

export interface Drain {
  /** Resolves when nothing is under way any more. */
  readonly done: Promise<void>
  /** Ends the wait: what is under way gets its error event now. */
  hurry(): void
}

export function startDrain(parts: DrainParts): Drain {
  const hurried = new AbortController()
  return { done: drain(parts, hurried.signal), hurry: () => hurried.abort() }
}

async function drain({ server, health, open, delayMs, graceMs }: DrainParts, hurried: AbortSignal): Promise<void> {
  health.readiness = { kind: 'draining' }
  const startedMs = performance.now()
  await waitUntil(() => false, delayMs, hurried)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // What is settled may still be on its way to a client that reads slowly.
  const isOver = (): boolean => open.size === 0 && server.isFlushed
  await waitUntil(isOver, graceMs - (performance.now() - startedMs), hurried)
  const over = new AiError('service_draining', { retryAfterMs: 1_000 })
  for (const exchange of open) exchange.interrupt(over)
  await waitUntil(isOver, interruptMs, new AbortController().signal)
  server.closeAllConnections()
  await closed
}

/** Milliseconds that interrupted exchanges get to write their last words. */
const interruptMs = 2_000
const lookEveryMs = 20

async function waitUntil(isMet: () => boolean, atMostMs: number, hurried: AbortSignal): Promise<void> {
  const untilMs = performance.now() + atMostMs
  while (!isMet() && !hurried.aborted && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(lookEveryMs, Math.max(1, untilMs - performance.now()))))
  }
}
