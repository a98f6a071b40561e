// The way down: unready at once, still accepting while load balancers notice, then finishing, then ending what is left.
import type { Server } from 'node:http'
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Interruptible } from '../http/exchange-handler.ts'
import type { HealthState } from '../http/health.ts'

export interface DrainParts {
  readonly server: Server
  readonly health: HealthState
  readonly open: ReadonlySet<Interruptible>
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
  await waitUntil(() => open.size === 0, graceMs - (performance.now() - startedMs), hurried)
  const over = new AiError('service_draining', { retryAfterMs: 1_000 })
  for (const exchange of open) exchange.interrupt(over)
  await waitUntil(() => open.size === 0, interruptMs, new AbortController().signal)
  // Answers of this turn of the loop are written at its end (http/answer-burst.ts).
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
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
